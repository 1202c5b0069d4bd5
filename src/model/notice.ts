import type { JsonObject } from '../base/json.ts';

/** What people are told of. */
export type NoticeKind = 'approval.asked' | 'alert';

/**
 * Something people have to be told, until it has been delivered or is of no use any more. Its facts are made by
 * Chaperone: ids, codes, names that the manifest gives, times. No text that an agent, a tool or a model chose is in it.
 */
export interface Notice {
  readonly id: string;
  readonly tenant: string;
  /** The channel's name in the manifest. */
  readonly channel: string;
  readonly kind: NoticeKind;
  readonly facts: JsonObject;
  readonly atMs: number;
  /** From then on it is not delivered any more. */
  readonly untilMs: number;
}

/** A notice that waits. It is due, and tried, until it is closed. */
export interface WaitingNotice extends Notice {
  /** How often it was taken up. */
  readonly attempts: number;
  readonly dueAtMs: number;
}
