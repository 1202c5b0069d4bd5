import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';
import { isJsonObject, type JsonObject } from '../../base/json.ts';
import { parseConfig } from '../config/parse-config.ts';
import { addToYaml } from './edit-yaml.ts';

const NEW_CONFIG = `# What agents may use, and through whom. A draft: read it, and take away what is not needed.
version: 1

# What is not declared about a tool is inferred, strictly. \`chaperone map\` shows what; \`mode: enforce\` wants it declared.
mode: provisional
`;

/** `chaperone.yaml` as it will be: what is there already, and the servers and grants that come to it. */
export class ConfigDraft {
  readonly text: string | undefined;
  readonly #servers: Map<string, JsonObject>;
  readonly #grants: Map<string, Set<string>>;
  readonly addedServers: (readonly [name: string, server: JsonObject])[] = [];
  readonly addedGrants: (readonly [agent: string, pattern: string])[] = [];

  constructor(text: string | undefined, content: JsonObject) {
    this.text = text;
    this.#servers = new Map(Object.entries(membersOf(content['servers'])));
    this.#grants = new Map(
      Object.entries(membersOf(content['agents'])).map(([agent, config]) => [
        agent,
        new Set(Object.keys(membersOf(config['tools']))),
      ]),
    );
  }

  /**
   * Adds a server for an agent and returns the name it has here: that of an equal server if there is one, else the
   * wanted name, made to fit and made unique.
   */
  add(wantedName: string, server: JsonObject, agent: string): string {
    const equal = [...this.#servers].find(([, other]) => isDeepStrictEqual(other, server))?.[0];
    const name = equal ?? this.#freeName(wantedName);
    if (equal === undefined) {
      this.#servers.set(name, server);
      this.addedServers.push([name, server]);
    }
    this.#grant(agent, name);
    return name;
  }

  #freeName(wantedName: string): string {
    const base =
      wantedName
        .replace(/[^a-z0-9_-]+/gi, '-')
        .replace(/^[^a-z0-9]+/i, '')
        .slice(0, 28) || 'server';
    for (let i = 1; ; i++) {
      const name = i === 1 ? base : `${base}-${i}`;
      if (![...this.#servers.keys()].some((taken) => taken.toLowerCase() === name.toLowerCase())) return name;
    }
  }

  /** An agent that is granted single tools of a server, or everything, keeps exactly that. */
  #grant(agent: string, server: string): void {
    const granted = this.#grants.get(agent) ?? new Set();
    if ([...granted].some((pattern) => pattern === '*' || pattern.startsWith(`${server}/`))) return;
    granted.add(`${server}/*`);
    this.#grants.set(agent, granted);
    this.addedGrants.push([agent, `${server}/*`]);
  }
}

/** Throws a `Fault` E_CONFIG that says what is wrong if there is a `chaperone.yaml` and it is not valid. */
export function draftConfig(path: string, text: string | undefined): ConfigDraft {
  if (text === undefined) return new ConfigDraft(undefined, {});
  parseConfig(text, path);
  const content: unknown = parse(text);
  return new ConfigDraft(text, isJsonObject(content) ? content : {});
}

/** The text of the draft: where nothing was added what it was, undefined if there was none. */
export function printDraft(draft: ConfigDraft): string | undefined {
  if (draft.addedServers.length + draft.addedGrants.length === 0) return draft.text;
  let text = draft.text ?? NEW_CONFIG;
  for (const [name, server] of draft.addedServers) text = addToYaml(text, ['servers', name], server);
  for (const [agent, pattern] of draft.addedGrants) text = addToYaml(text, ['agents', agent, 'tools', pattern], {});
  return text;
}

function membersOf(value: unknown): Readonly<Record<string, JsonObject>> {
  if (!isJsonObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, JsonObject] => isJsonObject(entry[1])),
  );
}
