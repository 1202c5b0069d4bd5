import { limits } from '../base/limits.ts';
import type { CallDigest } from '../model/call.ts';
import type { Decision, Reason } from '../model/decision.ts';
import type { LoopRules } from '../model/guards.ts';
import type { Manifest } from '../model/manifest.ts';
import type { Run } from '../model/run.ts';
import type { Store } from '../ports/store.ts';

/** A call that was granted, and what came of it. */
interface Made {
  readonly callId: string;
  readonly call: CallDigest;
  result?: CallDigest;
}

const LONGEST_CYCLE = 8;

/**
 * The last calls that each run was granted: those of this process, and, of a run that it did not know, those in the record.
 * Bounded: `limits.loopCalls` of a run, `limits.loopRuns` runs and `limits.loopCallsHeld` calls of them all, the longest unused
 * forgotten first: a run that goes on is read again. It is a detector: it only makes a decision stricter.
 */
export class LoopBook {
  readonly #runs = new Map<string, Made[]>();
  /** Calls of all runs. */
  #held = 0;

  /** Reads what a run was granted before, where it is not known here. Rejects with the store's `Fault`. */
  async recall(store: Pick<Store, 'readEvents'>, { id, principal }: Run): Promise<void> {
    if (this.#runs.has(id)) return;
    const events = await store.readEvents({
      tenant: principal.tenant,
      runId: id,
      kinds: ['call.intended', 'call.completed'],
      newestFirst: true,
      limit: 2 * limits.loopCalls,
    });
    const made = new Map<string, Made>();
    for (const { kind, callId, body } of events.toReversed()) {
      const { callDigest, resultDigest } = body;
      if (callId === undefined) continue;
      if (kind === 'call.intended' && isDigest(callDigest)) made.set(callId, { callId, call: callDigest });
      const known = made.get(callId);
      if (known !== undefined && isDigest(resultDigest)) known.result = resultDigest;
    }
    if (this.#runs.has(id)) return;
    const last = [...made.values()].slice(-limits.loopCalls);
    this.#held += last.length;
    this.#put(id, last);
  }

  granted(runId: string, callId: string, call: CallDigest): void {
    const made = this.#runs.get(runId) ?? [];
    made.push({ callId, call });
    if (made.length > limits.loopCalls) made.shift();
    else this.#held += 1;
    this.#put(runId, made);
  }

  #put(runId: string, made: Made[]): void {
    this.#runs.delete(runId);
    this.#runs.set(runId, made);
    for (const [oldest, calls] of this.#runs) {
      if (this.#runs.size <= limits.loopRuns && this.#held <= limits.loopCallsHeld) break;
      if (oldest === runId) break;
      this.#runs.delete(oldest);
      this.#held -= calls.length;
    }
  }

  answered(runId: string, callId: string, result: CallDigest | undefined): void {
    const made = this.#runs.get(runId)?.findLast((each) => each.callId === callId); // most often the newest
    if (made !== undefined && result !== undefined) made.result = result;
  }

  /** Why making this call now would go in circles. Undefined if it would not. */
  find(runId: string, call: CallDigest, rules: LoopRules | undefined): Reason | undefined {
    const made = this.#runs.get(runId);
    if (rules === undefined || made === undefined) return undefined;
    return findSame(made, call, rules) ?? findCycle(made, call, rules) ?? findStandstill(made, call, rules);
  }
}

/** Makes a decision stricter where the call would go in circles. A denial stays what it is. */
export function narrowByLoop(decision: Decision, loop: Reason | undefined, manifest: Manifest): Decision {
  if (loop === undefined || decision.verdict === 'deny') return decision;
  const verdict = manifest.loops.onLoop;
  if (manifest.mode === 'observe' && decision.verdict === 'permit')
    return { ...decision, observed: decision.observed ?? verdict, reasons: [...decision.reasons, loop] };
  const before = verdict === 'ask' && decision.verdict === 'ask' ? decision.reasons : [];
  return { ...decision, verdict, reasons: [...before, loop] };
}

function findSame(made: readonly Made[], call: CallDigest, { same }: LoopRules): Reason | undefined {
  if (same === undefined || made.length < same) return undefined;
  if (!made.slice(-same).every((each) => each.call === call)) return undefined;
  return reason('same', `this very call was made ${same} times in a row`);
}

/** The calls before this one are a sequence of calls, so often, and this one would begin it again. */
function findCycle(made: readonly Made[], call: CallDigest, { cycle }: LoopRules): Reason | undefined {
  if (cycle === undefined) return undefined;
  for (let period = 2; period <= LONGEST_CYCLE; period++) {
    const length = period * cycle;
    if (made.length < length) return undefined;
    const last = made.slice(-length);
    if (last[0]?.call !== call || !last.every((each, i) => each.call === last[i % period]?.call)) continue;
    const differs = new Set(last.slice(0, period).map((each) => each.call)).size > 1;
    if (differs) return reason('cycle', `the same ${period} calls were made ${cycle} times in a row`);
  }
  return undefined;
}

function findStandstill(made: readonly Made[], call: CallDigest, { noProgress }: LoopRules): Reason | undefined {
  if (noProgress === undefined) return undefined;
  const results = made.filter((each) => each.call === call).slice(-noProgress);
  const [first] = results;
  if (results.length < noProgress || first?.result === undefined) return undefined;
  if (!results.every(({ result }) => result === first.result)) return undefined;
  return reason('noProgress', `this very call brought the same result ${noProgress} times`);
}

const isDigest = (value: unknown): value is CallDigest => typeof value === 'string' && /^(?:hmac-)?sha256:/.test(value);
const reason = (rule: string, message: string): Reason => ({ code: 'E_LOOP', message, policy: `loops.${rule}` });
