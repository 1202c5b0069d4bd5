import { newId } from '../base/clock.ts';
import { digestJson, type KeyedDigest } from '../base/digest.ts';
import { type ErrorCode, errorEntry, errors } from '../base/errors.ts';
import { Fault } from '../base/fault.ts';
import { findJsonProblem, type JsonValue } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import type { StoredEvent } from '../model/event.ts';
import type { Ran } from '../ports/store.ts';
import { readCallRecord } from './explain.ts';
import { answerRefusal } from './line/answer.ts';
import type { CallAnswer } from './line/call-answer.ts';
import type { CallRequest } from './line/call-request.ts';
import { refuse } from './line/refusal.ts';
import type { World } from './world.ts';

interface Keyed {
  readonly digest: KeyedDigest;
  /** Under way, or what it came to. Absent after an attempt that ended before its intent: the next one is made. */
  answer?: Promise<CallAnswer>;
  bytes: number;
}

/**
 * Calls that their callers gave a key of their own, so that asking again is safe. The key of a run decides the call's
 * id, and a call has one intent at most: however often, through whichever process and after whatever crash it is asked
 * for, it runs once. What it came to is answered again while it is remembered; after that the record says what is left
 * to say, for results are not in it.
 */
export class KeyedCalls {
  readonly #world: World;
  readonly #call: (request: CallRequest) => Promise<CallAnswer>;
  readonly #known = new Map<string, Keyed>();
  #bytes = 0;

  constructor(world: World, call: (request: CallRequest) => Promise<CallAnswer>) {
    this.#world = world;
    this.#call = call;
  }

  /** The answer to the call of this key. Another call under the key of an earlier one is refused. Never throws. */
  async call(request: CallRequest, key: string): Promise<CallAnswer> {
    const problem = findJsonProblem(request.arguments ?? {}, limits.jsonDepth);
    if (problem !== undefined) return this.#call(request); // refused as it is; nothing of it could be compared
    const asked = { tool: request.tool.toWellFormed(), arguments: (request.arguments ?? {}) as JsonValue };
    const digest = this.#world.keyDigest(request.principal.tenant, digestJson(asked));
    const callId = `call_k${digestJson([request.runId, key]).slice('sha256:'.length, 37)}`;
    const known = this.#known.get(callId);
    if (known !== undefined && known.digest !== digest) return this.#conflict(request);
    if (known?.answer !== undefined) return known.answer;

    const keyed: Keyed = known ?? { digest, bytes: 0 };
    const attempt = this.#attempt(request, callId, digest);
    keyed.answer = attempt.then(({ answer }) => answer);
    this.#remember(callId, keyed);
    const { answer, stands } = await attempt;
    // The key is another call's, as the record knows: it must not become this one's here.
    if (isConflict(answer)) this.#known.delete(callId);
    else if (stands) this.#weigh(callId, keyed, answer);
    else delete keyed.answer;
    return answer;
  }

  /**
   * Makes the call, unless it was made: the record is asked before, and after an attempt that ended before its intent,
   * for another process may have had it meanwhile. What cannot be looked up is unknown, for now.
   */
  async #attempt(request: CallRequest, callId: string, digest: KeyedDigest): Promise<Attempt> {
    try {
      const before = await this.#recorded(request, callId, digest);
      if (before !== undefined) return { answer: before, stands: true };
      const answer = await this.#call({ ...request, keyed: { callId, digest } });
      if (answer.kind === 'result' || answer.ran !== 'no') return { answer, stands: true };
      const meanwhile = await this.#recorded(request, callId, digest);
      return { answer: meanwhile ?? answer, stands: meanwhile !== undefined };
    } catch (error) {
      const code = error instanceof Fault ? error.code : 'E_STORE';
      const answer = refused(callId, code, 'what became of the key’s call could not be read', 'unknown');
      return { answer, stands: false };
    }
  }

  /** What the record says of the call, if it got as far as an intent, or is about something else than this request. */
  async #recorded(request: CallRequest, callId: string, digest: KeyedDigest): Promise<CallAnswer | undefined> {
    const events = await readEvents(this.#world, request.principal.tenant, callId);
    const other = events.some(({ body }) => typeof body['request'] === 'string' && body['request'] !== digest);
    if (other) return this.#conflict(request);
    if (!events.some(({ kind }) => kind === 'call.intended')) return undefined;
    const completed = events.find(({ kind }) => kind === 'call.completed');
    if (completed === undefined)
      return refused(callId, 'E_UPSTREAM_LOST', 'the call was begun, and nothing says how it ended', 'unknown');
    const { ok, code, ran } = completed.body;
    const receipt = { event: completed.id, seq: completed.seq };
    if (ok === true)
      return { ...refused(callId, 'E_RESULT_GONE', 'the call ran; its result is not kept', 'yes'), receipt };
    const why = isCode(code) ? code : 'E_UPSTREAM_LOST';
    return { ...refused(callId, why, 'as it was recorded', isRan(ran) ? ran : 'unknown'), receipt };
  }

  #conflict(request: CallRequest): Promise<CallAnswer> {
    const refusal = refuse('E_IDEMPOTENCY_KEY', 'this run has used the key for another call');
    return answerRefusal(this.#world, request, newId(this.#world.clock, 'call'), refusal);
  }

  #remember(callId: string, keyed: Keyed): void {
    this.#known.delete(callId);
    this.#known.set(callId, keyed);
    this.#makeRoom(callId);
  }

  #weigh(callId: string, keyed: Keyed, answer: CallAnswer): void {
    if (this.#known.get(callId) !== keyed) return;
    keyed.bytes = answer.kind === 'result' ? Buffer.byteLength(JSON.stringify(answer.result)) : 0;
    this.#bytes += keyed.bytes;
    this.#makeRoom(callId);
  }

  /** Forgets what was asked for longest ago. The record remembers that it ran. */
  #makeRoom(newest: string): void {
    for (const [callId, { bytes }] of this.#known) {
      if (this.#known.size <= limits.keyedCalls && this.#bytes <= limits.keyedCallBytes) return;
      if (callId === newest) return;
      this.#known.delete(callId);
      this.#bytes -= bytes;
    }
  }
}

function isConflict(answer: CallAnswer): boolean {
  return answer.kind === 'refused' && answer.code === 'E_IDEMPOTENCY_KEY';
}

interface Attempt {
  readonly answer: CallAnswer;
  /** Whether it is the last word. Otherwise there was no intent, and the same key may try again. */
  readonly stands: boolean;
}

async function readEvents(world: World, tenant: string, callId: string): Promise<readonly StoredEvent[]> {
  try {
    return (await readCallRecord(world.store, tenant, callId)).events;
  } catch (error) {
    if (error instanceof Fault && error.code === 'E_NOT_FOUND') return [];
    throw error;
  }
}

function refused(callId: string, code: ErrorCode, message: string, ran: Ran): CallAnswer {
  return { kind: 'refused', callId, code, reasons: [{ code, message }], toModel: errorEntry(code).toModel, ran };
}

const isCode = (value: unknown): value is ErrorCode => typeof value === 'string' && Object.hasOwn(errors, value);
const isRan = (value: unknown): value is Ran => value === 'yes' || value === 'no' || value === 'unknown';
