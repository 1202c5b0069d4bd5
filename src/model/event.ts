import { type Digest, digestJson } from '../base/digest.ts';
import type { JsonObject } from '../base/json.ts';
import type { Sealed } from './sealed.ts';

/** What is recorded. Appended, never changed. */
export type EventKind =
  | 'bundle.activated'
  | 'run.started'
  | 'run.planned'
  | 'plan.declared'
  | 'run.ended'
  | 'run.paused'
  | 'run.resumed'
  | 'usage.reported'
  | 'breaker.changed'
  | 'alert.raised'
  | 'answer.kept'
  | 'incident.opened'
  | 'canary.answered'
  | 'content.ingested'
  | 'model.step'
  | 'template.registered'
  | 'record.read'
  | 'record.purged'
  | 'history.recorded'
  | 'history.altered'
  | 'call.refused'
  | 'call.asked'
  | 'call.intended'
  | 'call.completed'
  | 'question.answered'
  | 'answer.released'
  | 'answer.withheld'
  | 'credential.leased'
  | 'credential.revoked'
  | 'credential.refused'
  | 'egress.opened'
  | 'egress.passed'
  | 'egress.refused'
  | 'egress.ended'
  | 'egress.closed'
  | 'approval.answered'
  | 'approval.expired'
  | 'approval.refused'
  | 'duty.delegated'
  | 'tiers.reviewed'
  | 'review.overdue'
  | 'notice.delivered'
  | 'notice.failed'
  | 'tool.drifted'
  | 'tool.reviewed'
  | 'isolation.changed'
  | 'record.erased'
  | 'escape.attempted'
  | 'isolation.effective'
  | 'person.changed'
  | 'person.signed-in'
  | 'sign-in.refused'
  | 'session.ended'
  | 'key.issued'
  | 'key.revoked'
  | 'token.issued'
  | 'gateway.changed'
  | 'recovery.completed';

/** An event as it is handed to the store. The store adds `seq`. */
export interface NewEvent {
  readonly id: string;
  readonly kind: EventKind;
  readonly tenant: string;
  readonly runId?: string;
  readonly callId?: string;
  readonly agent?: string;
  readonly tool?: string;
  /** On whose behalf: a name that only the gateway can make of the user's id. */
  readonly user?: string;
  readonly atMs: number;
  readonly body: JsonObject;
}

/**
 * An event as it stands in the store. `seq` counts from 1 without gaps; `digest` covers all other fields, with the body as
 * it is stored.
 */
export interface StoredEvent extends NewEvent {
  readonly seq: number;
  readonly digest: Digest;
  /** The body as it is stored, where it is sealed; `body` is then what was opened. */
  readonly sealed?: Sealed;
  /** The key of its run was erased: `body` is empty. */
  readonly erased?: true;
}

/** What `digest` must be for the other fields of a stored event. An absent field is left out, not null. */
export function digestEvent(event: Omit<StoredEvent, 'digest'>): Digest {
  const { id, kind, tenant, runId, callId, agent, tool, user, atMs, body, sealed, seq } = event;
  return digestJson({
    id,
    kind,
    tenant,
    ...(runId !== undefined && { runId }),
    ...(callId !== undefined && { callId }),
    ...(agent !== undefined && { agent }),
    ...(tool !== undefined && { tool }),
    ...(user !== undefined && { user }),
    atMs,
    body: sealed ?? body,
    seq,
  });
}
