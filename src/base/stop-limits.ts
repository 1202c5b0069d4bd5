/** The bounds of stopping, and of telling people. */
export const stopLimits = {
  /** How long people are not told of the same alert again, about the same agent and tool. */
  alertAgainMs: 5 * 60_000,
  /** Alerts of which it is remembered that people were told, the oldest forgotten first. */
  alertsTold: 10_000,
  /** How long it is tried to tell people of an alert. */
  alertLifeMs: 86_400_000,
  /** Files in `stop.d` that are read; with more, everything is stopped. */
  stopFiles: 256,
  /** Bytes of one of them; a longer one stops everything. */
  stopFileBytes: 16_384,
  /** How long a stop waits for the store before it is left to a file. */
  stopStoreMs: 3_000,
  /** How long a gateway takes to let go of what it holds for what was stopped, before it says that it has seen the stop. */
  stopRevokeMs: 1_500,
  /** How long a file that stops while the store is told is left to whoever wrote it; then a gateway records it. */
  stopRecordMs: 30_000,
  /** How long a stop waits until every gateway has seen it, to record how long that took. It is in force before. */
  stopSeenMs: 2_000,
  /** How often a gateway looks for stops that nothing told it of. */
  stopLookMs: 1_000,
} as const;
