import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts';
import { constraintsOf, requireServer } from './check-references.ts';
import { entriesOf } from './check-servers.ts';
import type { Report } from './report.ts';
import { didYouMean, suggest } from './suggest.ts';

/**
 * What the schema cannot say about flow: keys that contradict each other, sources and sinks of servers that are not
 * configured, rules written twice, and an inside that everybody is in. Works on the raw value, so that it reports beside
 * the schema.
 */
export function checkFlow(manifest: JsonObject, hostServers: readonly string[], report: Report): void {
  const servers = new Set([...entriesOf(manifest['servers']).map(([name]) => name), ...hostServers]);
  const declared = entriesOf(manifest['tools']).map(([name]) => name);
  for (const [tool, declaration] of entriesOf(manifest['tools'])) {
    if (isJsonObject(declaration)) checkTool(tool, declaration, report);
  }
  for (const [argument, entry, path] of constraintsOf(manifest)) {
    checkArgument(argument, entry, path, report);
    for (const [i, origin] of listOf(entry['from']).entries()) {
      if (typeof origin !== 'string') continue;
      if (!requireServer(origin, servers, [...path, 'from', i], 'error', report)) continue;
      if (!declared.some((tool) => origin.startsWith(`${tool}.`))) {
        warnOfMisspelling(origin.slice(0, origin.lastIndexOf('.')), declared, [...path, 'from', i], report);
      }
    }
    checkFact(entry, manifest, path, report);
  }
  checkFlows(listOf(manifest['flows']), servers, declared, report);
  checkDomains(manifest['organisation'], report);
}

function checkTool(tool: string, declaration: JsonObject, report: Report): void {
  const { audience } = declaration;
  if (typeof audience !== 'string' || !isJsonObject(declaration['arguments'])) return;
  const entry = declaration['arguments'][audience];
  if (!isJsonObject(entry)) return;
  const path = ['tools', tool, 'audience'];
  if (entry['protected'] === false) {
    report(path, 'error', `\`${audience}\` says who gets what is sent, and is declared \`protected: false\``);
  }
  if (entry['carries'] === 'data') {
    report(path, 'error', `\`${audience}\` says who gets what is sent, and is declared \`carries: data\``);
  }
}

function checkArgument(argument: string, entry: JsonObject, path: (string | number)[], report: Report): void {
  const { protected: protects, carries, from } = entry;
  const conflict = (key: string, message: string): void => report([...path, key], 'error', message);
  if (protects === false && from !== undefined) {
    conflict(
      'from',
      `\`from\` says where values of \`${argument}\` come from, and \`protected: false\` that it does not matter`,
    );
  }
  if (protects === false && carries !== undefined) {
    conflict('carries', `\`${argument}\` is \`protected: false\`, so what it carries is not looked at; leave one out`);
  }
  if (carries === 'data' && (protects === true || from !== undefined)) {
    const other = protects === true ? '`protected: true`' : '`from`';
    conflict(
      'carries',
      `content may come from anywhere, and ${other} says that \`${argument}\` may not; leave one out`,
    );
  }
}

/** A fact that is nearly one of those the manifest types was meant to be that one. */
function checkFact(entry: JsonObject, manifest: JsonObject, path: (string | number)[], report: Report): void {
  const users = manifest['users'];
  const typed = isJsonObject(users) ? entriesOf(users['attributes']).map(([name]) => name) : [];
  const name = typeof entry['is'] === 'string' ? /^user\.attributes\.(.+)$/.exec(entry['is'])?.[1] : undefined;
  if (name === undefined || typed.includes(name) || suggest(name, typed) === undefined) return;
  report([...path, 'is'], 'warning', `\`${name}\` is not among \`users.attributes\`${didYouMean(name, typed)}`);
}

function checkFlows(
  flows: readonly JsonValue[],
  servers: ReadonlySet<string>,
  declared: readonly string[],
  report: Report,
): void {
  const seen = new Set<string>();
  for (const [i, flow] of flows.entries()) {
    if (!isJsonObject(flow)) continue;
    const { from, to } = flow;
    for (const [key, pattern] of [
      ['from', from],
      ['to', to],
    ] as const) {
      if (typeof pattern !== 'string' || !pattern.includes('/')) continue;
      const path = ['flows', i, key];
      if (!requireServer(pattern, servers, path, 'error', report)) continue;
      if (!pattern.endsWith('/*') && !declared.includes(pattern)) warnOfMisspelling(pattern, declared, path, report);
    }
    const both = `${String(from)} ${String(to)}`;
    if (seen.has(both))
      report(['flows', i], 'error', 'an entry above says what follows the same reading; keep one of them');
    seen.add(both);
  }
}

function warnOfMisspelling(tool: string, declared: readonly string[], path: (string | number)[], report: Report): void {
  const server = `${tool.split('/', 1)[0] ?? ''}/`;
  const siblings = declared.filter((name) => name.startsWith(server));
  if (suggest(tool, siblings) === undefined) return;
  report(path, 'warning', `\`${tool}\` is not declared under \`tools\`${didYouMean(tool, siblings)}`);
}

/** Domains at which anybody can have an address. */
const PUBLIC_MAIL: ReadonlySet<string> = new Set([
  ...['gmail.com', 'googlemail.com', 'outlook.com', 'hotmail.com', 'live.com', 'yahoo.com', 'icloud.com', 'me.com'],
  ...['aol.com', 'proton.me', 'protonmail.com', 'gmx.com', 'gmx.de', 'gmx.net', 'web.de', 'mail.com', 'zoho.com'],
]);

function checkDomains(organisation: JsonValue | undefined, report: Report): void {
  const domains = isJsonObject(organisation) ? listOf(organisation['domains']) : [];
  for (const [i, domain] of domains.entries()) {
    if (typeof domain !== 'string') continue;
    const path = ['organisation', 'domains', i];
    if (domains.indexOf(domain) < i) report(path, 'error', 'this domain is already in the list');
    if (PUBLIC_MAIL.has(domain))
      report(path, 'error', `anybody can have an address at \`${domain}\`, so nobody there is inside`);
  }
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}
