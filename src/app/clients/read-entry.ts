import { z } from 'zod';
import type { JsonObject } from '../../base/json.ts';
import type { ClientKind } from './client.ts';

/** A value of a client's file that becomes part of a server's environment or headers. */
export type EntryValue = { readonly text: string } | { readonly variable: string } | { readonly bearer: string };

/** A server's entry, the same for every client. `dropped` names the keys that have no meaning for a gateway. */
export type Entry = {
  readonly timeoutMs?: number;
  readonly dropped: readonly string[];
} & (
  | {
      readonly kind: 'stdio';
      readonly command: string;
      readonly args: readonly string[];
      readonly cwd?: string;
      readonly env: ReadonlyMap<string, EntryValue>;
    }
  | { readonly kind: 'http'; readonly url: string; readonly headers: ReadonlyMap<string, EntryValue> }
);

/** What the entry says, or why it has to stay where it is. */
export type EntryReading = { readonly ok: true; readonly entry: Entry } | { readonly ok: false; readonly why: string };

const plain = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const texts = z.record(z.string(), plain);

const jsonEntry = z.looseObject({
  type: z.string().optional(),
  command: z.string().min(1).optional(),
  args: z.array(plain).optional(),
  env: texts.nullish(),
  cwd: z.string().nullish(),
  url: z.string().optional(),
  headers: texts.nullish(),
  disabled: z.boolean().optional(),
});
const jsonKnown = new Set(Object.keys(jsonEntry.shape));

const tomlEntry = z.looseObject({
  command: z.string().min(1).optional(),
  args: z.array(plain).optional(),
  env: texts.optional(),
  env_vars: z.array(z.string()).optional(),
  cwd: z.string().optional(),
  url: z.string().optional(),
  bearer_token_env_var: z.string().optional(),
  http_headers: texts.optional(),
  env_http_headers: texts.optional(),
  enabled: z.boolean().optional(),
  tool_timeout_sec: z.number().positive().max(86_400).optional(),
  startup_timeout_sec: z.number().optional(),
  startup_timeout_ms: z.number().optional(),
});
const tomlKnown = new Set(Object.keys(tomlEntry.shape));

/** Keys under which a client signs in or fetches secrets by itself: a gateway cannot stand in for that. */
const CLIENT_ONLY = ['envFile', 'headersHelper', 'oauth', 'auth', 'authProviderType', 'experimental_environment'];

/** Reads a server's entry as its client would. */
export function readEntry(kind: ClientKind, entry: JsonObject): EntryReading {
  const clientOnly = CLIENT_ONLY.find((key) => entry[key] !== undefined);
  if (clientOnly !== undefined) return stays(`it uses \`${clientOnly}\`, which only the client can do`);
  return kind === 'codex' ? readTomlEntry(entry) : readJsonEntry(entry);
}

function readJsonEntry(raw: JsonObject): EntryReading {
  const parsed = jsonEntry.safeParse(raw);
  if (!parsed.success) return stays(`\`${parsed.error.issues[0]?.path.join('.')}\` is not understood`);
  const { type, command, args = [], env, cwd, url, headers, disabled } = parsed.data;
  if (disabled) return stays('it is switched off');
  if (type === 'sse') return stays('it uses the old SSE transport; use its Streamable HTTP address');
  const dropped = Object.keys(raw).filter((key) => !jsonKnown.has(key));
  if (command !== undefined && url === undefined) {
    return fits({ kind: 'stdio', command, args, ...(cwd ? { cwd } : {}), env: asTexts(env ?? {}), dropped });
  }
  if (url !== undefined && command === undefined) {
    return fits({ kind: 'http', url, headers: asTexts(headers ?? {}), dropped });
  }
  return stays('it has not exactly one of `command` and `url`');
}

function readTomlEntry(raw: JsonObject): EntryReading {
  const parsed = tomlEntry.safeParse(raw);
  if (!parsed.success) return stays(`\`${parsed.error.issues[0]?.path.join('.')}\` is not understood`);
  const { command, args = [], cwd, url, enabled, tool_timeout_sec: timeoutS, ...values } = parsed.data;
  if (enabled === false) return stays('it is switched off');
  const common = {
    dropped: Object.keys(raw).filter((key) => !tomlKnown.has(key)),
    ...(timeoutS === undefined ? {} : { timeoutMs: Math.round(timeoutS * 1_000) }),
  };
  if (command !== undefined && url === undefined) {
    const env = asTexts(values.env ?? {});
    for (const name of values.env_vars ?? []) env.set(name, { variable: name });
    return fits({ kind: 'stdio', command, args, ...(cwd ? { cwd } : {}), env, ...common });
  }
  if (url !== undefined && command === undefined) {
    const headers = asTexts(values.http_headers ?? {});
    for (const [header, name] of Object.entries(values.env_http_headers ?? {})) headers.set(header, { variable: name });
    if (values.bearer_token_env_var) headers.set('Authorization', { bearer: values.bearer_token_env_var });
    return fits({ kind: 'http', url, headers, ...common });
  }
  return stays('it has not exactly one of `command` and `url`');
}

function asTexts(values: Readonly<Record<string, string>>): Map<string, EntryValue> {
  return new Map(Object.entries(values).map(([name, text]) => [name, { text }]));
}

function fits(entry: Entry): EntryReading {
  return { ok: true, entry };
}

function stays(why: string): EntryReading {
  return { ok: false, why };
}
