import type { Clock } from '../base/clock.ts';
import type { KeyDigest } from '../ports/record-keys.ts';
import type { ReservedPaths } from '../ports/reserved-paths.ts';
import type { Scanner } from '../ports/scanner.ts';
import type { StopSwitch } from '../ports/stop-switch.ts';
import type { Store } from '../ports/store.ts';
import type { ToolSource } from '../ports/tool-source.ts';
import type { HeldSecrets } from '../scan/held-secrets.ts';
import type { AskedCalls } from './asked-calls.ts';
import type { Catalog } from './catalog.ts';
import type { Guards } from './guards.ts';
import type { HistoryBook } from './history-book.ts';
import type { RunBook } from './run-book.ts';
import type { RunMarkers } from './run-markers.ts';

/** The source behind a server id. */
export type Sources = (server: string) => ToolSource | undefined;

/** What the straight line stands on. One per process; `app/compose.ts` makes it. */
export interface World {
  readonly clock: Clock;
  readonly store: Store;
  /** What stands for a digest of what somebody said, wherever it is written or compared. */
  readonly keyDigest: KeyDigest;
  readonly runs: RunBook;
  readonly asked: AskedCalls;
  /** The active catalog: tools, checks and kernel of one bundle. Replaced as a whole, never changed. */
  catalog(): Catalog;
  /** The sources that the active catalog was made of, which stay these when another takes its place. */
  sources(): Sources;
  readonly scanner: Scanner;
  /** What no argument may hold. */
  readonly held: HeldSecrets;
  /** Files that no tool gets at, under the configuration in force. */
  readonly reserved: ReservedPaths;
  /** What stops calls without the store. */
  readonly stopSwitch: StopSwitch;
  readonly markers: RunMarkers;
  readonly histories: HistoryBook;
  readonly guards: Guards;
  /** How many calls are under way; the line counts itself in and out. */
  readonly inFlight: { count: number };
  /** People have to be told of something: it stands in the store. */
  readonly noticed?: () => void;
  /** Told of a broken assertion, for the operator. The call it broke is denied. */
  onBug(error: unknown, callId: string): void;
}
