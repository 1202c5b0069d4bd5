import type { Digest } from '../../base/digest.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts';
import type { StoredEvent } from '../../model/event.ts';
import { restoreExact } from '../../model/exact.ts';
import type { DecisionRequest } from '../../policy/kernel.ts';
import { decisionSchema, type RecordedFinding, readRecorded } from './recorded-shapes.ts';

/** Everything a recorded decision rested on but the tool and the bundle, which are named. */
export interface RecordedDecision {
  readonly kind: 'decision';
  readonly bundle: Digest;
  readonly governed: Digest;
  readonly request: Omit<DecisionRequest, 'tool'>;
  readonly leaving: readonly RecordedFinding[];
  /** What was decided, in the form in which it is recorded. */
  readonly decided: DecidedRecord;
}

/** What of a decision is recorded, and has to come out again. */
export interface DecidedRecord {
  readonly verdict: string;
  readonly observed: string | null;
  readonly reasons: JsonValue;
  readonly obligations: JsonValue;
}

/** A decision that cannot be made again, and why. */
export interface Undecidable {
  readonly kind: 'undecidable';
  readonly why: string;
}

/**
 * Reads what a decision rested on out of its event. Undefined where policy was not asked: the call was refused before, or the
 * event is of another kind. What was left out of the record, redacted or erased makes it undecidable, never a guess.
 */
export function readDecision(event: StoredEvent): RecordedDecision | Undecidable | undefined {
  const { kind } = event;
  const body = restoreExact(event.body);
  if (event.erased || body['erased'] === true)
    return kind.startsWith('call.') && kind !== 'call.completed'
      ? undecidable('what it rested on was erased')
      : undefined;
  if (typeof body['verdict'] !== 'string' || event.agent === undefined || event.tool === undefined) return undefined;
  if (body['omitted'] !== undefined) return undecidable('the arguments were too large to be recorded');
  if (body['redacted'] === true) return undecidable('secrets were taken out of the recorded arguments');
  const { flow, leaving } = body;
  if (body['governed'] === undefined || flow === undefined || leaving === undefined)
    return undecidable('it was recorded by a version that did not record all it rested on');
  if ([isJsonObject(flow) ? flow['reasons'] : undefined, leaving].some(isCut))
    return undecidable('it had more reasons than are recorded');
  const recorded = readRecorded(decisionSchema, body, `event ${event.seq} (${event.id})`);
  const { tenant, agent } = event;
  const user = recorded.user ?? undefined;
  return {
    kind: 'decision',
    bundle: recorded.bundle,
    governed: recorded.governed,
    request: {
      principal: { tenant, agent, ...(user === undefined ? {} : { onBehalfOf: user }) },
      arguments: recorded.arguments,
      run: recorded.run,
      flow: recorded.flow,
      nowMs: recorded.decidedAtMs,
    },
    leaving: recorded.leaving,
    decided: {
      verdict: recorded.verdict,
      observed: recorded.observed ?? null,
      reasons: body['decidedReasons'] ?? body['reasons'] ?? [],
      obligations: recorded.obligations,
    },
  };
}

/** Whether a list that was too long ends with the number of the rest. */
function isCut(list: JsonValue | undefined): boolean {
  const last: JsonObject | undefined = Array.isArray(list) && isJsonObject(list.at(-1)) ? list.at(-1) : undefined;
  return last !== undefined && typeof last['more'] === 'number';
}

export function undecidable(why: string): Undecidable {
  return { kind: 'undecidable', why };
}
