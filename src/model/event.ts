import { type Digest, digestJson } from '../base/digest.ts';
import type { JsonObject } from '../base/json.ts';

/** What is recorded. Appended, never changed. */
export type EventKind =
  | 'bundle.activated'
  | 'run.started'
  | 'run.planned'
  | 'plan.declared'
  | 'run.ended'
  | 'content.ingested'
  | 'history.recorded'
  | 'history.altered'
  | 'call.refused'
  | 'call.asked'
  | 'call.intended'
  | 'call.completed'
  | 'question.answered'
  | 'answer.released'
  | 'answer.withheld'
  | 'egress.opened'
  | 'egress.passed'
  | 'egress.refused'
  | 'egress.ended'
  | 'egress.closed'
  | 'approval.answered'
  | 'approval.expired'
  | 'tool.drifted'
  | 'tool.reviewed'
  | 'isolation.changed'
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
  readonly atMs: number;
  readonly body: JsonObject;
}

/** An event as it stands in the store. `seq` counts from 1 without gaps; `digest` covers all other fields. */
export interface StoredEvent extends NewEvent {
  readonly seq: number;
  readonly digest: Digest;
}

/** What `digest` must be for the other fields of a stored event. An absent field is left out, not null. */
export function digestEvent(event: Omit<StoredEvent, 'digest'>): Digest {
  const { id, kind, tenant, runId, callId, agent, tool, atMs, body, seq } = event;
  return digestJson({
    id,
    kind,
    tenant,
    ...(runId !== undefined && { runId }),
    ...(callId !== undefined && { callId }),
    ...(agent !== undefined && { agent }),
    ...(tool !== undefined && { tool }),
    atMs,
    body,
    seq,
  });
}
