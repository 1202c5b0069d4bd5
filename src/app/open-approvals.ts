import { systemClock } from '../base/clock.ts';
import type { Approval } from '../model/approval.ts';
import type { Delegation } from '../model/duty.ts';
import { answerApproval, type GivenAnswer } from '../runtime/approving/answer-approval.ts';
import { delegateDuty, type NewDelegation } from '../runtime/approving/delegate-duty.ts';
import type { LoadedConfig } from './config/load-config.ts';
import { dataFolder } from './data-folder.ts';
import { openStore } from './open-store.ts';

/** The approvals of a configuration's store, to be answered beside a gateway that is running. */
export interface OpenApprovals extends AsyncDisposable {
  answer(given: Omit<GivenAnswer, 'tenant'>): Promise<Approval>;
  delegate(wanted: Omit<NewDelegation, 'tenant'>): Promise<Delegation>;
}

export async function openApprovals(loaded: LoadedConfig): Promise<OpenApprovals> {
  const store = await openStore(dataFolder(loaded), systemClock);
  const { manifest } = loaded;
  const { tenant } = manifest;
  const world = { store, clock: systemClock, catalog: () => ({ manifest }) };
  return {
    answer: (given) => answerApproval(world, { tenant, ...given }),
    delegate: (wanted) => delegateDuty(world, { tenant, ...wanted }),
    [Symbol.asyncDispose]: () => store.close(),
  };
}
