import type { EventKind } from '../../model/event.ts';
import type { Store } from '../../ports/store.ts';
import type { Candidate } from './open-candidate.ts';
import {
  undecidable as cannotDecide,
  type DecidedRecord,
  type RecordedDecision,
  readDecision,
  type Undecidable,
} from './read-decision.ts';
import { type Kept, Redecider } from './redecide.ts';

/** Decisions that come out otherwise, of one agent and tool. */
export interface Flip {
  readonly agent: string;
  readonly tool: string;
  readonly from: string;
  readonly to: string;
  readonly count: number;
  /** The first of them. */
  readonly callIds: readonly string[];
}

export interface BacktestReport {
  /** Recorded decisions that were made again. */
  readonly decided: number;
  /** Those that could not be, by why. */
  readonly undecidable: Readonly<Record<string, number>>;
  readonly same: number;
  /** Most frequent first. */
  readonly flips: readonly Flip[];
}

export interface BacktestOptions {
  readonly tenant: string;
  readonly sinceMs: number;
  /** Called now and then with the decisions made so far. */
  readonly onProgress?: (decided: number) => void;
  readonly signal?: AbortSignal;
}

/** The events that record a decision of policy. */
const DECISIONS: readonly EventKind[] = ['call.intended', 'call.asked', 'call.refused'];
const PAGE = 1_000;
const SHOWN_CALLS = 5;

/**
 * Decides everything that was decided since a moment once more, under other rules, and says what would have come out
 * otherwise. A call that was asked about and then approved counts twice: both times it was decided.
 *
 * @throws Fault E_STORE, E_STORE_CORRUPT, E_RECORD_KEY.
 */
export async function backtest(
  record: Kept & Pick<Store, 'readEvents'>,
  candidate: Candidate,
  { tenant, sinceMs, onProgress, signal }: BacktestOptions,
): Promise<BacktestReport> {
  const redecider = new Redecider(record);
  const undecidable: Record<string, number> = {};
  const flips = new Map<string, Flip>();
  let same = 0;
  let decided = 0;

  async function decide(recorded: RecordedDecision | Undecidable): Promise<DecidedRecord | Undecidable> {
    if (recorded.kind === 'undecidable') return recorded;
    const tool = await redecider.tool(recorded.governed);
    return tool === undefined ? cannotDecide('the tool is not kept as it was') : candidate.decide(recorded, tool);
  }

  const read = (afterSeq: number) => {
    const page = record.readEvents({ tenant, kinds: DECISIONS, fromMs: sinceMs, afterSeq, limit: PAGE });
    page.catch(() => {}); // awaited below, or not at all where this ends before
    return page;
  };
  let next = read(0);
  while (signal?.aborted !== true) {
    const page = await next;
    const last = page.at(-1);
    if (last === undefined) break;
    next = read(last.seq); // the store reads while these are decided
    for (const event of page) {
      const recorded = readDecision(event);
      if (recorded === undefined) continue;
      const again = await decide(recorded);
      if (recorded.kind === 'undecidable' || 'why' in again) {
        const why = 'why' in again ? again.why : '';
        undecidable[why] = (undecidable[why] ?? 0) + 1;
        continue;
      }
      decided += 1;
      const from = recorded.decided.verdict;
      const to = again.verdict;
      if (from === to) {
        same += 1;
        continue;
      }
      const { agent = '', callId = '' } = event;
      const key = JSON.stringify([agent, event.tool, from, to]);
      const flip = flips.get(key) ?? { agent, tool: event.tool ?? '', from, to, count: 0, callIds: [] };
      const callIds = flip.callIds.length < SHOWN_CALLS ? [...flip.callIds, callId] : flip.callIds;
      flips.set(key, { ...flip, count: flip.count + 1, callIds });
    }
    onProgress?.(decided);
  }
  return { decided, same, undecidable, flips: [...flips.values()].sort((a, b) => b.count - a.count) };
}
