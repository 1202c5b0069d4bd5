import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts';
import type { StoredEvent } from '../model/event.ts';

/**
 * What leaves the house of an event: who, what, when, what was decided and why, and digests; never arguments, results,
 * prompts or values. Those stay in the record, where erasing a run reaches them and a receiver’s copy could not be.
 * Part of the contract: fields are added, never renamed.
 */
export interface ExportedEvent {
  readonly id: string;
  readonly seq: number;
  /** Of the event in the record, and so its leaf in the ledger: whoever has both can compare. */
  readonly digest: string;
  readonly kind: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly time: string;
  readonly tenant: string;
  readonly agent?: string;
  readonly tool?: string;
  readonly run?: string;
  readonly call?: string;
  /** The user it was done for, by id. */
  readonly user?: string;
  /** Where it belongs in a trace: ids that were checked to be such. `parent`: the caller's span. */
  readonly trace?: { readonly id: string; readonly parent: string };
  /** As recorded, for those of `FACTS` that the event has. */
  readonly facts: JsonObject;
  readonly reasons: readonly ExportedReason[];
  /** Kinds of what detectors found, and where. */
  readonly findings: readonly ExportedFinding[];
}

export interface ExportedReason {
  readonly code: string;
  readonly policy?: string;
  /** `file:line` of the rule. */
  readonly place?: string;
}

export interface ExportedFinding {
  readonly detector: string;
  readonly kind: string;
  readonly severity: string;
}

/**
 * Members of an event’s body that leave with it: verdicts, codes, counts, ids that Chaperone made, digests of rules and of tools,
 * and the names of people and scopes that an administrator chose. No digest of a call or a result: of what has few
 * possible values, whoever has its digest can find out which it was.
 */
const FACTS = [
  'verdict',
  'observed',
  'code',
  'effect',
  'consequence',
  'declared',
  'pin',
  'bundle',
  'version',
  'mode',
  'tools',
  'ran',
  'ok',
  'isError',
  'recovered',
  'tookMs',
  'resultBytes',
  'approvalId',
  'expiresAtMs',
  'approve',
  'by',
  'presence',
  'role',
  'scope',
  'isolated',
  'message',
  'how',
  'severity',
  'probe',
  'tier',
  'attempt',
  'request',
  'act',
  'state',
] as const;

const MESSAGE_KINDS = new Set(['history.altered']);

export function exportEvent(event: StoredEvent): ExportedEvent {
  const { id, seq, digest, kind, atMs, tenant, agent, tool, runId, callId, body } = event;
  const user = isJsonObject(body['user']) ? body['user']['id'] : undefined;
  return {
    id,
    seq,
    digest,
    kind,
    time: new Date(Math.trunc(atMs)).toISOString(),
    tenant,
    ...(agent === undefined ? {} : { agent }),
    ...(tool === undefined ? {} : { tool }),
    ...(runId === undefined ? {} : { run: runId }),
    ...(callId === undefined ? {} : { call: callId }),
    ...(typeof user === 'string' ? { user } : {}),
    ...readTrace(body['trace']),
    facts: Object.fromEntries(
      FACTS.flatMap((name) => {
        const value = body[name];
        return isFact(value) && (name !== 'message' || MESSAGE_KINDS.has(kind)) ? [[name, value]] : [];
      }),
    ),
    reasons: listOf(body['reasons'], readReason),
    findings: listOf(body['findings'], readFinding),
  };
}

function readTrace(trace: JsonValue | undefined): Pick<ExportedEvent, 'trace'> {
  const { id, parent } = isJsonObject(trace) ? trace : {};
  const isTrace =
    typeof id === 'string' && typeof parent === 'string' && /^[0-9a-f]{32}-[0-9a-f]{16}$/.test(`${id}-${parent}`);
  return isTrace ? { trace: { id, parent } } : {};
}

/** Anything with members could hold what somebody else wrote. */
function isFact(value: JsonValue | undefined): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function readReason({ code, policy, place }: JsonObject): ExportedReason | undefined {
  if (typeof code !== 'string') return undefined;
  const file = isJsonObject(place) ? place['file'] : undefined;
  const line = isJsonObject(place) ? place['line'] : undefined;
  return {
    code,
    ...(typeof policy === 'string' ? { policy } : {}),
    ...(typeof file === 'string' && typeof line === 'number' ? { place: `${file}:${line}` } : {}),
  };
}

function readFinding({ detector, kind, severity }: JsonObject): ExportedFinding | undefined {
  return typeof detector === 'string' && typeof kind === 'string' && typeof severity === 'string'
    ? { detector, kind, severity }
    : undefined;
}

function listOf<T>(value: JsonValue | undefined, read: (item: JsonObject) => T | undefined): readonly T[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isJsonObject).flatMap((item) => read(item) ?? []);
}
