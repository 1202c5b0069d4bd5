import { systemClock } from '../base/clock.ts';
import type { Approval } from '../model/approval.ts';
import { answerApproval } from '../runtime/approvals.ts';
import type { LoadedConfig } from './config/load-config.ts';
import { dataFolder } from './data-folder.ts';
import { openStore } from './open-store.ts';

/** The approvals of a configuration's store, to be answered beside a gateway that is running. */
export async function openApprovals(
  loaded: LoadedConfig,
): Promise<AsyncDisposable & { answer(approvalId: string, approve: boolean, by: string): Promise<Approval> }> {
  const store = await openStore(dataFolder(loaded), systemClock);
  const { tenant } = loaded.manifest;
  return {
    answer: (approvalId, approve, by) =>
      answerApproval({ store, clock: systemClock }, { tenant, approvalId, approve, by }),
    [Symbol.asyncDispose]: () => store.close(),
  };
}
