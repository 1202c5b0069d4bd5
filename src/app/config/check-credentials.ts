import { isJsonObject, type JsonObject } from '../../base/json.ts';
import { durationSchema } from '../../model/duration.ts';
import { entriesOf } from './check-servers.ts';
import { isLocal } from './is-local.ts';
import type { Report } from './report.ts';

/** Keys that name another credential, and keys that are addresses to which secrets are sent. */
const NAMES = ['login', 'clientSecret', 'subjectToken'] as const;
const ADDRESSES = ['url', 'tokenUrl', 'authorizeUrl', 'revokeUrl'] as const;
const MINUTE_MS = 60_000;
/** What issuers take as a lifetime, ms. */
const LIFETIMES: Readonly<Record<string, readonly [least: number, most: number, text: string]>> = {
  'aws-role': [15 * MINUTE_MS, 720 * MINUTE_MS, '15m to 12h'],
  kubernetes: [10 * MINUTE_MS, Number.POSITIVE_INFINITY, '10m or more'],
};

/** What the schema cannot say about credentials: one that leads to another, addresses in the open, names that are one. */
export function checkCredentials(manifest: JsonObject, report: Report): void {
  const all = entriesOf(manifest['credentials']);
  const seen = new Map<string, string>();
  for (const [name, config] of all) {
    const path = ['credentials', name];
    const twin = seen.get(name.toLowerCase());
    if (twin !== undefined)
      report(path, 'error', `\`${name}\` and \`${twin}\` are one name: a placeholder does not tell them apart`);
    seen.set(name.toLowerCase(), name);
    if (!isJsonObject(config)) continue;
    for (const key of NAMES) checkNamed(config, key, all, path, report);
    for (const key of ADDRESSES) checkAddress(config[key], [...path, key], report);
    if (isJsonObject(config['canary'])) checkAddress(config['canary']['url'], [...path, 'canary', 'url'], report);
    checkLifetime(config, path, report);
    if (typeof config['policy'] === 'string' && !isJson(config['policy']))
      report([...path, 'policy'], 'error', '`policy` is text, expected a policy of AWS in JSON');
  }
}

function checkNamed(
  config: JsonObject,
  key: (typeof NAMES)[number],
  all: ReturnType<typeof entriesOf>,
  path: readonly string[],
  report: Report,
): void {
  const named = all.find(([name]) => name === config[key])?.[1];
  const kind = isJsonObject(named) ? (named['kind'] ?? 'sealed') : 'sealed';
  if (kind === 'sealed' || kind === 'environment') return;
  report(
    [...path, key],
    'error',
    `\`${key}\` names one of kind \`${String(kind)}\`, expected one that is kept or in the environment`,
  );
}

function checkAddress(value: unknown, path: readonly string[], report: Report): void {
  if (typeof value !== 'string' || !URL.canParse(value)) return; // the schema says so
  const { protocol, hostname, username, password } = new URL(value);
  if (username !== '' || password !== '')
    report([...path], 'error', 'the address holds credentials; give them as `login`');
  if (protocol === 'http:' && !isLocal(hostname))
    report([...path], 'error', 'a secret would travel unencrypted to another machine; use `https://`');
}

function checkLifetime(config: JsonObject, path: readonly string[], report: Report): void {
  const [least, most, text] = LIFETIMES[String(config['kind'])] ?? [];
  const lifetime = durationSchema.safeParse(config['lifetime']);
  if (least === undefined || most === undefined || !lifetime.success) return;
  if (lifetime.data >= least && lifetime.data <= most) return;
  report([...path, 'lifetime'], 'error', `\`lifetime\` is ${String(config['lifetime'])}, expected ${text}`);
}

function isJson(text: string): boolean {
  try {
    return isJsonObject(JSON.parse(text));
  } catch {
    return false;
  }
}
