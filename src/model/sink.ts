/** How far one receiver has been told of a tenant's events. */
export interface SinkCursor {
  readonly sink: string;
  /** The last event that is done with: delivered, or put aside. */
  readonly seq: number;
  /** When it last moved. */
  readonly atMs: number;
  /** Events that were put aside. */
  readonly putAside: number;
}

/** An event that a receiver would not have. It stays until somebody sends it again or drops it. */
export interface PutAside {
  readonly sink: string;
  /** The event. */
  readonly seq: number;
  /** What the receiver said, in our words. */
  readonly reason: string;
  readonly atMs: number;
}
