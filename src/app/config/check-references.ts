import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts';
import { BUILTIN_SERVER } from '../../model/builtin.ts';
import { OWN_SERVER } from '../../model/canary.ts';
import { entriesOf } from './check-servers.ts';
import type { Report } from './report.ts';
import { didYouMean, suggest } from './suggest.ts';

/**
 * Names that must mean something: servers in tool names and patterns, tools that are granted, and, in mode `enforce`,
 * that every granted tool is declared in full. Works on the raw value, so that it reports beside the schema.
 */
export function checkReferences(manifest: JsonObject, hostServers: readonly string[], report: Report): void {
  const servers = new Set([...entriesOf(manifest['servers']).map(([name]) => name), ...hostServers]);
  const declared = new Map(entriesOf(manifest['tools']));
  const enforce = manifest['mode'] === 'enforce';

  for (const [name] of entriesOf(manifest['servers'])) {
    if (name !== OWN_SERVER && !hostServers.includes(name)) continue;
    report(
      ['servers', name],
      'error',
      `the name \`${name}\` is kept for the tools of ${name === BUILTIN_SERVER || name === OWN_SERVER ? 'Chaperone itself' : 'the host application'}; choose another`,
    );
  }
  for (const group of ['servers', 'agents', 'tools']) reportLookalikes(manifest[group], group, report);
  for (const [tool, declaration] of declared) {
    const known = requireServer(tool, servers, ['tools', tool], 'error', report);
    if (known && enforce) requireDeclared(tool, declaration, report);
  }
  for (const [agent, config] of entriesOf(manifest['agents'])) {
    if (!isJsonObject(config)) continue;
    const granted = entriesOf(config['tools']);
    for (const [pattern] of granted) {
      const path = ['agents', agent, 'tools', pattern];
      if (!requireServer(pattern, servers, path, 'error', report)) continue;
      if (!pattern.includes('*') && !declared.has(pattern))
        reportUndeclared(pattern, declared.keys(), enforce, path, report);
    }
    const denied = Array.isArray(config['deny']) ? config['deny'] : [];
    for (const [index, pattern] of denied.entries()) {
      if (typeof pattern !== 'string') continue;
      const path = ['agents', agent, 'deny', index];
      // A denial of what does not exist yet is harmless, unless it is a misspelt denial of what does.
      const severity = suggest(serverOf(pattern), servers) === undefined ? 'warning' : 'error';
      requireServer(pattern, servers, path, severity, report);
      if (granted.some(([other]) => other === pattern)) {
        report(path, 'warning', `\`${pattern}\` is granted to this agent as well; the denial wins`);
      }
    }
  }
  for (const [owner, constraint, path] of constraintsOf(manifest)) {
    const { min, max } = constraint;
    if (typeof min === 'number' && typeof max === 'number' && min > max) {
      report([...path, 'min'], 'error', `\`min\` of \`${owner}\` is ${min}, expected no more than \`max\`, ${max}`);
    }
  }
  reportDoubles(manifest['policies'], report);
}

function serverOf(pattern: string): string {
  return pattern.split('/', 1)[0] ?? '';
}

/** Whether the server is known, or the pattern names none. Malformed patterns are the schema's to report. */
export function requireServer(
  pattern: string,
  servers: ReadonlySet<string>,
  path: (string | number)[],
  severity: 'error' | 'warning',
  report: Report,
): boolean {
  const server = serverOf(pattern);
  if (!pattern.includes('/') || servers.has(server)) return true;
  report(
    path,
    severity,
    `\`${shorten(pattern)}\` names the server \`${shorten(server)}\`, which is not configured${didYouMean(server, servers)}`,
  );
  return false;
}

function requireDeclared(tool: string, declaration: JsonValue, report: Report): void {
  if (!isJsonObject(declaration)) return;
  for (const key of ['effect', 'consequence']) {
    if (declaration[key] === undefined) {
      report(
        ['tools', tool],
        'error',
        `mode \`enforce\` requires \`${key}\` of every tool, and \`${shorten(tool)}\` has none`,
      );
    }
  }
}

function reportUndeclared(
  tool: string,
  declared: Iterable<string>,
  enforce: boolean,
  path: (string | number)[],
  report: Report,
): void {
  const server = `${serverOf(tool)}/`;
  const siblings = [...declared].filter((name) => name.startsWith(server)).map((name) => name.slice(server.length));
  const near = suggest(tool.slice(server.length), siblings);
  const meant = near === undefined ? '' : `; did you mean \`${server}${near}\`?`;
  if (enforce) {
    report(
      path,
      'error',
      `mode \`enforce\` requires every granted tool under \`tools\`, and \`${shorten(tool)}\` is not there${meant}`,
    );
  } else if (meant !== '') {
    report(path, 'warning', `\`${shorten(tool)}\` is not declared under \`tools\`${meant}`);
  }
}

/** Every argument that the manifest says something of, wherever it does. */
export function* constraintsOf(manifest: JsonObject): Generator<[string, JsonObject, (string | number)[]]> {
  const holders: [JsonValue, (string | number)[]][] = [];
  for (const [name, tool] of entriesOf(manifest['tools'])) holders.push([tool, ['tools', name]]);
  for (const [agent, config] of entriesOf(manifest['agents'])) {
    if (!isJsonObject(config)) continue;
    for (const [name, grant] of entriesOf(config['tools'])) holders.push([grant, ['agents', agent, 'tools', name]]);
  }
  for (const [holder, path] of holders) {
    if (!isJsonObject(holder)) continue;
    for (const [argument, constraint] of entriesOf(holder['arguments'])) {
      if (isJsonObject(constraint)) yield [argument, constraint, [...path, 'arguments', argument]];
    }
  }
}

/** Two names that differ in case only are one name to a reader. */
function reportLookalikes(group: JsonValue | undefined, name: string, report: Report): void {
  const seen = new Map<string, string>();
  for (const [key] of entriesOf(group)) {
    const first = seen.get(key.toLowerCase());
    if (first !== undefined)
      report([name, key], 'error', `\`${shorten(key)}\` and \`${shorten(first)}\` differ in upper and lower case only`);
    seen.set(key.toLowerCase(), key);
  }
}

function reportDoubles(policies: JsonValue | undefined, report: Report): void {
  if (!Array.isArray(policies)) return;
  for (const [index, file] of policies.entries()) {
    if (policies.indexOf(file) < index) report(['policies', index], 'error', 'this file is already in the list');
  }
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80).toWellFormed()}…` : text;
}
