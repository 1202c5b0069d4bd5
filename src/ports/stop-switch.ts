/** One thing that a switch stops. */
export interface ThrownSwitch {
  /** As `printScope` writes it. */
  readonly scope: string;
  readonly reason: string;
  /** Whoever threw it says so themselves. */
  readonly by: string;
  readonly incident: boolean;
  /** Until then whoever threw it records the stop, and nobody else does. */
  readonly recordAtMs?: number;
  /** When it was put where it is, by the file system's clock. Absent where that cannot be told. */
  readonly thrownAtMs?: number;
  /** For people: which file. */
  readonly place: string;
  /** Why it stops everything without saying so: it cannot be read as what it should be. */
  readonly broken?: string;
}

/**
 * Stops calls where the store does not answer: looked at for every intent, before it is recorded and once more before
 * its tool is called. A switch that cannot be read is thrown. Nothing here throws.
 */
export interface StopSwitch {
  /** The first that stops one of these scopes. Cheap while nothing is thrown. */
  find(scopes: readonly string[]): ThrownSwitch | undefined;
  list(): readonly ThrownSwitch[];
}
