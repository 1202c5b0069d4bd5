import { openFileSwitch } from '../adapters/switches/files/open-file-switch.ts';
import type { FunctionSource } from '../adapters/tools/function/function-source.ts';
import type { Clock } from '../base/clock.ts';
import type { KeyDigest } from '../ports/record-keys.ts';
import type { Scanner } from '../ports/scanner.ts';
import type { Store } from '../ports/store.ts';
import { AskedCalls } from '../runtime/asked-calls.ts';
import { lifeOf } from '../runtime/budget-scopes.ts';
import { Guards } from '../runtime/guards.ts';
import { HistoryBook } from '../runtime/history-book.ts';
import { recallBreakers } from '../runtime/recall-breakers.ts';
import { RunBook } from '../runtime/run-book.ts';
import { RunMarkers } from '../runtime/run-markers.ts';
import type { World } from '../runtime/world.ts';
import type { HeldSecrets } from '../scan/held-secrets.ts';
import type { Notify } from './notice.ts';
import type { Throne } from './throne.ts';

export interface WorldOptions {
  readonly clock: Clock;
  readonly store: Store;
  readonly keyDigest: KeyDigest;
  readonly scanner: Scanner;
  readonly held: HeldSecrets;
  readonly functions: FunctionSource;
  readonly throne: Throne;
  readonly notify: Notify;
  /** Absolute path of the data folder. */
  readonly data: string;
}

/** What the straight line stands on. Whatever a configuration says is read from the one that is in force by then. */
export async function openWorld(options: WorldOptions): Promise<World> {
  const { clock, store, keyDigest, scanner, held, functions, throne, notify, data } = options;
  const manifest = () => throne.reign.loaded.manifest;
  const guards = new Guards({ clock, onAlert: ({ message }) => notify({ kind: 'warning', message }) });
  await recallBreakers({ store, clock, guards });
  return {
    clock,
    store,
    keyDigest,
    scanner,
    held,
    runs: new RunBook(
      clock,
      store,
      (agent) => lifeOf(manifest(), agent),
      () => throne.reign.planner,
    ),
    asked: await AskedCalls.recall(store, manifest().tenant, clock.nowMs()),
    reserved: { find: (tool, args) => throne.reign.reserved.find(tool, args) },
    stopSwitch: openFileSwitch(data),
    markers: new RunMarkers(clock),
    histories: new HistoryBook(store, keyDigest),
    guards,
    inFlight: { count: 0 },
    catalog: () => throne.reign.catalog,
    sources: () => {
      const { sources } = throne.reign;
      return (server) => (server === functions.server ? functions : sources.get(server)?.tools);
    },
    onBug: (error, callId) =>
      notify({
        kind: 'error',
        message: `${callId}: ${error instanceof Error ? (error.stack ?? error.message) : 'unknown'}`,
      }),
  };
}
