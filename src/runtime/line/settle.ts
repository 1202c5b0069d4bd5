import type { Approval } from '../../model/approval.ts';
import { askForApproval, findApproval } from '../approvals.ts';
import { recordDecided } from '../record.ts';
import type { World } from '../world.ts';
import type { Decided } from './decide.ts';
import { Refusal } from './refusal.ts';

/** Proof that policy permits the call, or that a person approved exactly this call and policy still lets them. */
export class Grant {
  readonly #approval: Approval | undefined;
  readonly decided: Decided;

  constructor(decided: Decided, approval: Approval | undefined) {
    this.#approval = approval;
    this.decided = decided;
  }

  /** The approval that `intend` spends in the same transaction. */
  get approval(): Approval | undefined {
    return this.#approval;
  }
}

export async function settle(world: World, decided: Decided): Promise<Grant | Refusal> {
  const { decision } = decided;
  if (decision.verdict === 'permit') return new Grant(decided, undefined);
  if (decision.verdict === 'deny') {
    const code = decision.reasons[0]?.code ?? 'E_DENIED';
    return new Refusal(decision.reasons, code === 'PERMITTED' ? 'E_DENIED' : code, { record: recordDecided(decided) });
  }
  const approval = await findApproval(world, decided);
  if (approval instanceof Refusal) return approval;
  if (approval !== undefined) return new Grant(decided, approval);
  return askForApproval(world, decided);
}
