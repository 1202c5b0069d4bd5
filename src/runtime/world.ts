import type { Clock } from '../base/clock.ts';
import type { Store } from '../ports/store.ts';
import type { ToolSource } from '../ports/tool-source.ts';
import type { AskedCalls } from './asked-calls.ts';
import type { Catalog } from './catalog.ts';
import type { RunBook } from './run-book.ts';

/** What the straight line stands on. One per process; `app/compose.ts` makes it. */
export interface World {
  readonly clock: Clock;
  readonly store: Store;
  readonly runs: RunBook;
  readonly asked: AskedCalls;
  /** The active catalog: tools, checks and kernel of one bundle. Replaced as a whole, never changed. */
  catalog(): Catalog;
  /** The source behind a server id. */
  source(server: string): ToolSource | undefined;
  readonly approvalLifeMs: number;
  /** How many calls are under way; the line counts itself in and out. */
  readonly inFlight: { count: number };
  /** Told of a broken assertion, for the operator. The call it broke is denied. */
  onBug(error: unknown, callId: string): void;
}
