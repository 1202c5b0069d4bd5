import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts';
import { entriesOf } from './check-servers.ts';
import { isLocal } from './is-local.ts';
import type { Report } from './report.ts';
import { didYouMean } from './suggest.ts';

/**
 * What the schema cannot say of approvals: channels that are named have to exist, a name is one person’s, as many may
 * answer as have to, and nothing that people are told travels unencrypted. Works on the raw value.
 */
export function checkApprovals(manifest: JsonObject, report: Report): void {
  const channels = entriesOf(manifest['channels']);
  for (const [name, channel] of channels) checkChannel(name, channel, report);
  const names = channels.map(([name]) => name);
  checkRules(manifest['approvals'], ['approvals'], names, report);
  checkRules(manifest['alerts'], ['alerts'], names, report);
  for (const [tool, declaration] of entriesOf(manifest['tools']))
    if (isJsonObject(declaration)) checkRules(declaration['approvals'], ['tools', tool, 'approvals'], names, report);
  const { approvals } = manifest;
  if (isJsonObject(approvals)) checkPeople(approvals['people'], report);
}

function checkRules(
  rules: JsonValue | undefined,
  path: readonly (string | number)[],
  channels: readonly string[],
  report: Report,
): void {
  if (!isJsonObject(rules)) return;
  const named = Array.isArray(rules['channels']) ? rules['channels'] : [];
  for (const [index, name] of named.entries()) {
    if (typeof name !== 'string' || channels.includes(name)) continue;
    const at = [...path, 'channels', index];
    report(at, 'error', `there is no channel of this name under \`channels\`${didYouMean(name, channels)}`, 'value');
  }
  const { approvers, persons } = rules;
  if (!Array.isArray(approvers) || typeof persons !== 'number' || approvers.length === 0) return;
  if (approvers.some((name) => typeof name !== 'string' || name.startsWith('group/'))) return;
  const may = new Set(approvers).size;
  if (may < persons) report([...path, 'persons'], 'error', `it takes ${persons} persons, and only ${may} may answer`);
}

/** A name that is two persons’ would let one of them answer what the other asked for. */
function checkPeople(people: JsonValue | undefined, report: Report): void {
  const owners = new Map<string, string>();
  for (const [person] of entriesOf(people)) owners.set(person, person);
  for (const [person, described] of entriesOf(people)) {
    const aliases = isJsonObject(described) && Array.isArray(described['aliases']) ? described['aliases'] : [];
    for (const [index, alias] of aliases.entries()) {
      if (typeof alias !== 'string') continue;
      const owner = owners.get(alias);
      if (owner !== undefined && owner !== person)
        report(
          ['approvals', 'people', person, 'aliases', index],
          'error',
          `\`${owner}\` has this name already`,
          'value',
        );
      owners.set(alias, person);
    }
  }
}

function checkChannel(name: string, channel: JsonValue, report: Report): void {
  if (!isJsonObject(channel)) return;
  const { webhook, smtp } = channel;
  if (isJsonObject(webhook) && typeof webhook['url'] === 'string' && URL.canParse(webhook['url'])) {
    const url = new URL(webhook['url']);
    const at = ['channels', name, 'webhook', 'url'];
    if (url.username !== '' || url.password !== '') report(at, 'error', 'the address holds credentials');
    if (url.protocol === 'http:' && !isLocal(url.hostname))
      report(at, 'error', 'what is told would travel unencrypted to another machine; use `https://`');
  }
  if (!isJsonObject(smtp)) return;
  const { host, tls, user, password } = smtp;
  if (tls === 'none' && typeof host === 'string' && !isLocal(host))
    report(['channels', name, 'smtp', 'tls'], 'error', 'mail would travel unencrypted to another machine');
  if ((user === undefined) !== (password === undefined))
    report(['channels', name, 'smtp'], 'error', '`user` and `password` go together');
}
