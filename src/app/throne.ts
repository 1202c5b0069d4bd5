import type { FunctionSource } from '../adapters/tools/function/function-source.ts';
import { type Clock, newId } from '../base/clock.ts';
import { Fault, toFault } from '../base/fault.ts';
import type { Scanner } from '../ports/scanner.ts';
import type { Change, CommitResult, Store } from '../ports/store.ts';
import { buildCatalog, type Catalog } from '../runtime/catalog.ts';
import { bundleContent } from './bundle-content.ts';
import type { LoadedConfig } from './config/load-config.ts';
import { emptyCatalog } from './empty-catalog.ts';
import { keepTools } from './keep-tools.ts';
import { listTools } from './list-tools.ts';
import type { Notify } from './notice.ts';
import { closeSources } from './open-sources.ts';
import type { Claim, Reign } from './reign.ts';
import { Relisting } from './relisting.ts';
import { reservePaths } from './reserved/reserve-paths.ts';
import { Rivalry } from './rivalry.ts';
import { DescriptionScan } from './scan-descriptions.ts';
import { settlePins } from './settle-pins.ts';
import { Turns } from './turns.ts';

export interface ThroneOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly scanner: Scanner;
  readonly notify: Notify;
  /** Absolute path of the data folder. */
  readonly data: string;
  readonly functions: FunctionSource;
}

/**
 * What is in force, one configuration after another. A new one, or a tool list that changed, makes a new catalog; while
 * that is wrong the one in force stays.
 */
export class Throne {
  readonly #options: ThroneOptions;
  readonly #descriptions: DescriptionScan;
  readonly #relisting: Relisting;
  readonly #rivalry: Rivalry;
  readonly #listeners = new Set<() => void>();
  readonly #unsubscribe: (() => void)[] = [];
  readonly #turns = new Turns();
  #reign: Reign;
  #refreshing: Promise<void> | undefined;
  #regaining: Promise<boolean> | undefined;

  /** Until `succeed` has put the claim into force, it holds with no tools. */
  constructor(options: ThroneOptions, claim: Claim) {
    const { store, clock, scanner, notify, data } = options;
    this.#options = options;
    this.#descriptions = new DescriptionScan(scanner, notify);
    this.#rivalry = new Rivalry(store, data, notify);
    this.#relisting = new Relisting(clock, () => {
      this.refresh().catch((error: unknown) => {
        notify({ kind: 'error', message: toFault(error, 'E_INTERNAL', 'the tools could not be listed').message });
      });
    });
    this.#reign = { ...claim, catalog: emptyCatalog(claim.loaded), reserved: reservePaths(claim.loaded, data) };
  }

  get reign(): Reign {
    return this.#reign;
  }

  /**
   * Puts a claim into force, or throws and leaves what is in force alone. It is made when its turn has come, of what is
   * in force by then; sources that only one of the two has are ended with the one that goes.
   */
  succeed(make: (before: Reign) => Promise<Claim>): Promise<void> {
    return this.#turns.take(async () => {
      const before = [...this.#reign.sources.values()];
      const claim = await make(this.#reign);
      const claimed = [...claim.sources.values()];
      try {
        await this.#enthrone(claim);
      } catch (error) {
        await closeSources(claimed.filter((source) => !before.includes(source)));
        throw error;
      }
      this.#subscribe();
      await closeSources(before.filter((source) => !claimed.includes(source)));
    });
  }

  /** Lists every server's tools again and makes a new catalog of them. */
  refresh(): Promise<void> {
    // One that has not begun yet sees whatever changed until it does: a server that says so a thousand times is asked once.
    this.#refreshing ??= this.#turns.take(() => {
      this.#refreshing = undefined;
      return this.#enthrone(this.#reign);
    });
    return this.#refreshing;
  }

  /** Another bundle than ours is active: ours is put back once the gateway of the other has ended, and not before. */
  regain(): Promise<boolean> {
    this.#regaining ??= this.#turns
      .take(async () => {
        this.#regaining = undefined;
        const { catalog, loaded } = this.#reign;
        const standing = await this.#rivalry.look(catalog.bundle);
        if (standing === 'abandoned') await this.#activate(catalog, loaded);
        return standing !== 'rival';
      })
      .catch(() => false);
    return this.#regaining;
  }

  /** Calls back when the catalog changed. Returns a function that stops that. */
  onChanged(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Listens to no server any more, and waits for what is being put into force. */
  async close(): Promise<void> {
    this.#relisting.close();
    for (const stop of this.#unsubscribe.splice(0)) stop();
    await this.#turns.finish();
  }

  /** Makes a catalog, records it as the active bundle, and decides by it from then on. */
  async #enthrone(claim: Claim): Promise<void> {
    const { store, clock, notify, data, functions } = this.#options;
    const { loaded, sources, planner } = claim;
    const { manifest } = loaded;
    const tools = await listTools([...[...sources.values()].map((source) => source.tools), functions], notify);
    const reserved = reservePaths(loaded, data);
    await settlePins({ store, clock, manifest }, tools, async (pins, changes) => {
      const { bundle, place: placeOf, policies: policyFiles } = loaded;
      const catalog = buildCatalog({ bundle, manifest, placeOf, policyFiles, tools, pins });
      if (manifest.mode === 'enforce' && catalog.problems.length > 0) {
        throw new Fault('E_TOOL_UNREVIEWED', catalog.problems.join('\n'));
      }
      const before = this.#reign;
      // Handed to the store and put in force in one go: every intent handed over later is decided under this catalog.
      this.#reign = { loaded, sources, planner, catalog, reserved };
      try {
        const result = await this.#activate(catalog, loaded, changes);
        if (!result.ok) this.#reign = before;
        return result;
      } catch (error) {
        this.#reign = before;
        throw error;
      }
    });
    const { catalog } = this.#reign;
    for (const message of catalog.warnings) notify({ kind: 'warning', message });
    await this.#descriptions.look(tools);
    for (const { disabled } of catalog.tools.values()) {
      if (disabled) notify({ kind: 'warning', message: disabled.message });
    }
    for (const listener of this.#listeners) listener();
  }

  async #activate(catalog: Catalog, loaded: LoadedConfig, changes: readonly Change[] = []): Promise<CommitResult> {
    const { store, clock } = this.#options;
    const { bundle } = catalog;
    await this.#rivalry.announce(bundle);
    const atMs = clock.nowMs();
    const content = bundleContent(loaded, catalog);
    const result = await store.commit([
      ...changes,
      ...keepTools(catalog, clock),
      { kind: 'bundle.activate', bundle, content, atMs },
      {
        kind: 'event.append',
        event: {
          id: newId(clock, 'evt'),
          kind: 'bundle.activated',
          tenant: loaded.manifest.tenant,
          atMs,
          body: { bundle, version: loaded.digest, mode: loaded.manifest.mode, tools: catalog.tools.size },
        },
      },
    ]);
    if (result.ok) this.#rivalry.activated(bundle);
    return result;
  }

  #subscribe(): void {
    for (const stop of this.#unsubscribe.splice(0)) stop();
    const changed = () => this.#relisting.ask();
    for (const { tools } of this.#reign.sources.values()) this.#unsubscribe.push(tools.onListChanged(changed));
  }
}
