import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts';
import { kindsOf } from './explain-issues.ts';
import { isLocal } from './is-local.ts';
import type { Path } from './locate.ts';
import { looksLikeSecret } from './looks-like-secret.ts';
import type { Report } from './report.ts';

/**
 * What the schema cannot say about servers: pins, floating packages, and secrets written where only references belong.
 * Works on the raw value, so that it reports beside the schema's own objections.
 */
export function checkServers(manifest: JsonObject, report: Report): void {
  const enforce = manifest['mode'] === 'enforce';
  for (const [name, server] of entriesOf(manifest['servers'])) {
    if (!isJsonObject(server)) continue;
    const path = ['servers', name];
    const kinds = kindsOf(server);
    if (kinds.includes('command')) checkPin(server, path, enforce, report);
    if (typeof server['url'] === 'string') checkUrl(server['url'], server, path, report);
    warnOfLiterals(server, path, report);
  }
  const planner = manifest['planner'];
  if (isJsonObject(planner) && typeof planner['url'] === 'string') checkPlannerUrl(planner['url'], report);
}

/** What is sent there is the user's own words, so nobody on the way may read it. */
function checkPlannerUrl(url: string, report: Report): void {
  if (!URL.canParse(url)) return; // the schema says so
  const parsed = new URL(url);
  const at = ['planner', 'url'];
  if (parsed.username !== '' || parsed.password !== '')
    report(at, 'error', 'the address holds credentials; give them by reference in `key`');
  if ([...parsed.searchParams].some(([key, value]) => looksLikeSecret(value, key)))
    report(at, 'warning', 'the address seems to hold a secret; give it by reference in `key`');
  if (parsed.protocol === 'http:' && !isLocal(parsed.hostname))
    report(at, 'error', 'the prompt would travel unencrypted to another machine; use `https://`');
}

function checkPin(server: JsonObject, path: Path, enforce: boolean, report: Report): void {
  const pinned = typeof server['digest'] === 'string';
  if (!pinned && server['files'] !== undefined) {
    report(
      [...path, 'files'],
      'error',
      '`files` are named but there is no `digest` of them; `chaperone servers pin` prints it',
    );
    return;
  }
  const floating = floatingPackage(server);
  if (floating !== undefined) {
    const exact = /.@\d+\.\d+\.\d+/.test(floating) ? floating : `${floating.replace(/(.)@.*$/, '$1')}@<version>`;
    report(
      [...path, 'command'],
      enforce ? 'error' : 'warning',
      `this fetches a package at each start and runs what comes; write \`package: "${exact}"\` and its \`integrity\` instead`,
    );
    return;
  }
  if (pinned) return;
  report(
    [...path, 'command'],
    enforce ? 'error' : 'warning',
    enforce
      ? 'mode `enforce` starts pinned programs only; add `files` and `digest`, as `chaperone servers pin` prints them'
      : 'this program is not pinned, so nobody notices when it changes; `chaperone servers pin` prints a `digest`',
  );
}

const RUNNERS = new Set(['npx', 'bunx', 'uvx', 'pnpx']);

/** The package that a `npx -y` and its like would fetch, if that is what the command is. */
function floatingPackage(server: JsonObject): string | undefined {
  if (typeof server['command'] !== 'string') return undefined;
  const program = server['command'].replace(/^.*[\\/]/, '').replace(/\.(cmd|exe)$/i, '');
  if (!RUNNERS.has(program)) return undefined;
  const args = Array.isArray(server['args']) ? server['args'] : [];
  return (
    args.find((arg): arg is string => typeof arg === 'string' && /^(@[\w.-]+\/)?\w[\w.-]*(@[\w.^~*-]+)?$/.test(arg)) ??
    'name'
  );
}

function checkUrl(url: string, server: JsonObject, path: Path, report: Report): void {
  if (!URL.canParse(url)) return; // the schema says so
  const parsed = new URL(url);
  if (parsed.username !== '' || parsed.password !== '') {
    report([...path, 'url'], 'error', 'the address holds credentials; give them by reference in `headers`');
  }
  for (const [key, value] of parsed.searchParams) {
    if (looksLikeSecret(value, key)) {
      report([...path, 'url'], 'warning', 'the address seems to hold a secret; give it by reference in `headers`');
    }
  }
  if (
    parsed.protocol === 'http:' &&
    !isLocal(parsed.hostname) &&
    isJsonObject(server['headers']) &&
    Object.keys(server['headers']).length > 0
  ) {
    report([...path, 'url'], 'warning', 'the headers travel unencrypted to another machine; use `https://`');
  }
}

function warnOfLiterals(server: JsonObject, path: Path, report: Report): void {
  for (const group of ['env', 'headers']) {
    for (const [name, value] of entriesOf(server[group])) {
      if (typeof value !== 'string' || !looksLikeSecret(value, name)) continue;
      report(
        [...path, group, name],
        'warning',
        `\`${name}\` looks like a secret; write \`{ secret: env:${name.toUpperCase().replace(/\W/g, '_')} }\` and keep the value out of this file`,
        'value',
      );
    }
  }
  const args = Array.isArray(server['args']) ? server['args'] : [];
  for (const [index, arg] of args.entries()) {
    if (typeof arg === 'string' && looksLikeSecret(arg)) {
      report(
        [...path, 'args', index],
        'warning',
        'this argument looks like a secret, and every process can read it; use `env`',
      );
    }
  }
}

/** The members of what may or may not be a mapping. */
export function entriesOf(value: JsonValue | undefined): [string, JsonValue][] {
  return isJsonObject(value) ? Object.entries(value) : [];
}
