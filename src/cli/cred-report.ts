import { openConfig, openRecordFor } from '../app/open-config.ts';
import type { JsonObject } from '../base/json.ts';
import { type CredentialUseReport, CredentialUses, reportKinds } from '../runtime/credentials/report-use.ts';
import type { CommandContext } from './command-context.ts';

const PAGE = 1_000;

/** What was granted of each credential of the manifest and what it was used for, by the whole record. */
export async function reportCredentials({ configPath, cwd, terminal }: CommandContext): Promise<void> {
  const loaded = await openConfig(configPath, cwd);
  const { tenant, credentials } = loaded.manifest;
  const record = await openRecordFor(loaded, 'use of credentials');
  const uses = new CredentialUses();
  try {
    for (let afterSeq = 0; ; ) {
      const page = await record.readEvents({ tenant, kinds: reportKinds, afterSeq, limit: PAGE });
      const last = page.at(-1);
      if (last === undefined) break;
      uses.add(page);
      afterSeq = last.seq;
    }
  } finally {
    await record.close();
  }
  const reports = Object.entries(credentials).map(([name, config]) => uses.report(name, config));
  terminal.data({ credentials: JSON.parse(JSON.stringify(reports)) as JsonObject[] }, reports.flatMap(print));
  if (reports.length === 0) terminal.say('the manifest names no credential');
}

function print(report: CredentialUseReport): readonly string[] {
  const { name, leases, returned, owed, unreturnable, requests, refused, lastUsedMs, more, unused, untold } = report;
  const used = lastUsedMs === undefined ? 'never used' : `last used ${new Date(lastUsedMs).toISOString()}`;
  const list = (what: string, scopes: readonly string[]) =>
    scopes.length === 0 ? [] : [`  ${what}: ${scopes.join(' ')}`];
  return [
    `${name}  ${count(requests, 'request')}, ${refused} refused, ${used}`,
    `  ${count(leases, 'lease')}: ${returned} taken back, ${owed} still to be, ${unreturnable} ${unreturnable === 1 ? 'ends by itself' : 'end by themselves'}`,
    ...list('granted and not asked for', more),
    ...list('granted and never used', unused),
    ...list('granted, and `uses` does not say for what', untold),
  ];
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
