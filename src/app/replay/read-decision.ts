import type { Digest } from '../../base/digest.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts';
import type { StoredEvent } from '../../model/event.ts';
import type { FlowFacts } from '../../model/flow-facts.ts';
import type { User } from '../../model/principal.ts';
import type { DecisionRequest } from '../../policy/kernel.ts';
import type { LeavingFinding } from '../../scan/scan-arguments.ts';

/** Everything a recorded decision rested on but the tool and the bundle, which are named. */
export interface RecordedDecision {
  readonly kind: 'decision';
  readonly bundle: Digest;
  readonly governed: Digest;
  readonly request: Omit<DecisionRequest, 'tool'>;
  readonly leaving: readonly LeavingFinding[];
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
  const { body, kind } = event;
  if (event.erased || body['erased'] === true)
    return kind.startsWith('call.') && kind !== 'call.completed'
      ? undecidable('what it rested on was erased')
      : undefined;
  const { verdict, bundle, governed, arguments: args, run, user, decidedAtMs } = body;
  const reasons = body['decidedReasons'] ?? body['reasons'];
  if (typeof verdict !== 'string' || event.agent === undefined || event.tool === undefined) return undefined;
  if (body['omitted'] !== undefined) return undecidable('the arguments were too large to be recorded');
  if (body['redacted'] === true) return undecidable('secrets were taken out of the recorded arguments');
  const flow = isJsonObject(body['flow']) ? body['flow'] : undefined;
  const leaving = body['leaving'];
  if (typeof governed !== 'string' || flow === undefined || !Array.isArray(leaving))
    return undecidable('it was recorded by a version that did not record all it rested on');
  if ([flow['reasons'], leaving].some(isCut)) return undecidable('it had more reasons than are recorded');
  if (
    typeof bundle !== 'string' ||
    typeof decidedAtMs !== 'number' ||
    !isJsonObject(args) ||
    !isJsonObject(run) ||
    !Array.isArray(reasons)
  )
    return undecidable('its record is not one of a decision');
  return {
    kind: 'decision',
    bundle: bundle as Digest, // as `recordDecided` writes them, these and what follows
    governed: governed as Digest,
    request: {
      principal: {
        tenant: event.tenant,
        agent: event.agent,
        ...(isJsonObject(user) ? { onBehalfOf: user as unknown as User } : {}),
      },
      arguments: args,
      run: run as unknown as DecisionRequest['run'],
      flow: flow as unknown as FlowFacts,
      nowMs: decidedAtMs,
    },
    leaving: leaving as unknown as readonly LeavingFinding[],
    decided: {
      verdict,
      observed: typeof body['observed'] === 'string' ? body['observed'] : null,
      reasons,
      obligations: body['obligations'] ?? [],
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
