import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { openLeasing } from '../credentials/open-leasing.ts';
import { dataFolder } from '../data-folder.ts';
import type { NamedCopy } from './ledger-copies.ts';
import { openCopies } from './open-copies.ts';
import { openCopyFiles } from './read-copy.ts';
import { openLedgerSigner } from './start-ledger.ts';
import { type VerifiedLedger, verifyLedger } from './verify-ledger.ts';

export interface CheckedCopy extends VerifiedLedger {
  readonly name: string;
}

/**
 * Verifies copies of a configuration's ledger, each from what lies there alone.
 *
 * @param only the copy of that name; all of them unless told
 * @throws Fault E_EVIDENCE that names the copy and the first thing that is not what was signed; E_CONFIG where none
 * is configured; E_NOT_FOUND where there is no such copy, or nothing in it yet; E_COPY where it cannot be read.
 */
export async function checkCopies(
  loaded: LoadedConfig,
  environment: Readonly<Record<string, string | undefined>>,
  clock: Clock,
  only?: string,
): Promise<readonly CheckedCopy[]> {
  const leasing = openLeasing({ data: dataFolder(loaded), clock, environment, notify: () => {} });
  const all = await openCopies({ loaded, environment, clock, hold: () => {}, leasing });
  try {
    return await check(
      all.filter(({ name }) => only === undefined || name === only),
      { loaded, clock, ...(only === undefined ? {} : { only }) },
    );
  } finally {
    for (const copy of all) copy.reach?.end();
    await leasing.broker.settle();
  }
}

async function check(
  copies: readonly NamedCopy[],
  { loaded, clock, only }: { readonly loaded: LoadedConfig; readonly clock: Clock; readonly only?: string },
): Promise<readonly CheckedCopy[]> {
  if (copies.length === 0) {
    if (only === undefined) throw new Fault('E_CONFIG', 'no copy is configured: name one under `ledger.copies`');
    throw new Fault('E_NOT_FOUND', `the configuration names no copy \`${only}\``);
  }
  const signer = await openLedgerSigner(loaded, clock);
  const [key] = await signer.keys();
  const trust = { keys: key === undefined ? [] : [key], witnesses: [], quorum: 0 };
  const checked: CheckedCopy[] = [];
  for (const { name, copy } of copies) {
    try {
      checked.push({ name, ...(await verifyLedger(openCopyFiles(copy), trust)) });
    } catch (error) {
      throw error instanceof Fault
        ? new Fault(error.code, `copy \`${name}\`: ${error.message}`, { cause: error })
        : error;
    }
  }
  return checked;
}
