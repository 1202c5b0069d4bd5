import { Fault } from '../../base/fault.ts';
import type { StoredEvent } from '../../model/event.ts';
import type { Store } from '../../ports/store.ts';
import { type Cause, findCause } from './find-cause.ts';
import type { Candidate } from './open-candidate.ts';
import type { DecidedRecord, Undecidable } from './read-decision.ts';
import { type Kept, type Redecided, Redecider } from './redecide.ts';
import { advance, emptyState, type RunState } from './run-state.ts';

/** One event of a run, what the run was then, and, where policy decided, what comes out when it decides again. */
export interface ReplayedStep {
  readonly event: StoredEvent;
  readonly state: RunState;
  readonly redecided?: Redecided;
  /** What the candidate would have decided. */
  readonly candidate?: DecidedRecord | Undecidable;
  /** Where the call came from. */
  readonly cause?: Cause;
}

type Record = Kept & Pick<Store, 'readEvents'>;

const PAGE = 500;

/**
 * Steps through a run as it was recorded, deciding again whatever was decided, with the recorded inputs alone: no clock, no
 * model and no server is asked.
 *
 * @throws Fault E_NOT_FOUND where nothing is recorded of the run; E_STORE, E_STORE_CORRUPT, E_RECORD_KEY.
 */
export async function* replayRun(
  record: Record,
  { tenant, runId }: { readonly tenant: string; readonly runId: string },
  candidate?: Candidate,
): AsyncGenerator<ReplayedStep> {
  const redecider = new Redecider(record);
  const before: StoredEvent[] = [];
  let state = emptyState;
  for (;;) {
    const page = await record.readEvents({ tenant, runId, afterSeq: state.seq, limit: PAGE });
    if (page.length === 0) break;
    for (const event of page) {
      state = advance(state, event, before[0]?.atMs ?? event.atMs);
      const redecided = await redecider.redecide(event);
      before.push(event);
      yield {
        event,
        state,
        ...(redecided === undefined ? {} : { redecided, cause: findCause(event, before) }),
        ...(redecided === undefined || candidate === undefined ? {} : { candidate: decideWith(candidate, redecided) }),
      };
    }
  }
  if (before.length === 0) throw new Fault('E_NOT_FOUND', `nothing is recorded of run \`${runId}\``);
}

function decideWith(candidate: Candidate, redecided: Redecided): DecidedRecord | Undecidable {
  return redecided.kind === 'undecidable' ? redecided : candidate.decide(redecided.recorded, redecided.tool);
}
