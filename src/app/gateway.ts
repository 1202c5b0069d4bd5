import { FunctionSource } from '../adapters/tools/function/function-source.ts';
import type { McpSource } from '../adapters/tools/mcp/create-mcp-source.ts';
import { type Clock, newId, systemClock } from '../base/clock.ts';
import { Fault, toFault } from '../base/fault.ts';
import type { Planner } from '../ports/planner.ts';
import type { ReservedPaths } from '../ports/reserved-paths.ts';
import type { Change, CommitResult, Store } from '../ports/store.ts';
import { AskedCalls } from '../runtime/asked-calls.ts';
import { call } from '../runtime/call.ts';
import { buildCatalog, type Catalog } from '../runtime/catalog.ts';
import { HistoryBook } from '../runtime/history-book.ts';
import type { CallAnswer } from '../runtime/line/call-answer.ts';
import type { CallRequest } from '../runtime/line/call-request.ts';
import { recover } from '../runtime/recover.ts';
import { RunBook } from '../runtime/run-book.ts';
import { RunMarkers } from '../runtime/run-markers.ts';
import type { Sources, World } from '../runtime/world.ts';
import { HeldSecrets } from '../scan/held-secrets.ts';
import { bundleContent } from './bundle-content.ts';
import { isSameSetting, tellWhatWaits } from './compare-settings.ts';
import type { LoadedConfig } from './config/load-config.ts';
import { dataFolder, makeFolder } from './data-folder.ts';
import { Egress } from './egress/open-egress.ts';
import { emptyCatalog } from './empty-catalog.ts';
import { Ledger } from './ledger/start-ledger.ts';
import { listTools } from './list-tools.ts';
import type { Notify } from './notice.ts';
import { openPlanner } from './open-planner.ts';
import { openScanner } from './open-scanner.ts';
import { closeSources, openSources } from './open-sources.ts';
import { openStore } from './open-store.ts';
import { readOwnKeys } from './own-keys.ts';
import { Relisting } from './relisting.ts';
import { reservePaths } from './reserved/reserve-paths.ts';
import { tellExposed } from './reserved/tell-exposed.ts';
import { Rivalry } from './rivalry.ts';
import { DescriptionScan } from './scan-descriptions.ts';
import { SecretMask } from './secret-mask.ts';
import { settlePins } from './settle-pins.ts';

/** The server id under which functions of the host application appear. */
export const APP_SERVER = 'app';

/** How every configuration is read: the host application's own server needs no entry. */
export const parseOptions = { hostServers: [APP_SERVER] } as const;

export interface GatewayOptions {
  readonly loaded: LoadedConfig;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly notify: Notify;
  readonly clock?: Clock;
  /** A store that is open already, and is closed with the gateway. Otherwise SQLite in the data folder. */
  readonly store?: Store;
}

const RECOVERY_MS = 60_000;

/** One configuration in force: what was loaded, the sources it names, and the catalog made of both. */
interface Reign {
  readonly loaded: LoadedConfig;
  readonly sources: ReadonlyMap<string, McpSource>;
  readonly catalog: Catalog;
  readonly reserved: ReservedPaths;
}

/**
 * A running Chaperone: the store, the tools' servers and the catalog in force. Doors and the SDK call through it. A new
 * configuration or a changed tool list makes a new catalog; while that is wrong the one in force stays.
 */
export class Gateway {
  readonly world: World;
  readonly functions = new FunctionSource(APP_SERVER);
  readonly egress: Egress;
  readonly data: string;
  readonly #options: GatewayOptions;
  readonly #clock: Clock;
  readonly #mask: SecretMask;
  readonly #descriptions: DescriptionScan;
  readonly #listeners = new Set<() => void>();
  readonly #unsubscribe: (() => void)[] = [];
  #reign: Reign;
  #work: Promise<unknown> = Promise.resolve();
  #refreshing: Promise<void> | undefined;
  readonly #relisting: Relisting;
  readonly #rivalry: Rivalry;
  #planner: Planner | undefined;
  #regaining: Promise<boolean> | undefined;
  #closed = false;
  #recovery: NodeJS.Timeout | undefined;
  /** None where the host application brought its own store. */
  #ledger: Ledger | undefined;

  private constructor(
    options: GatewayOptions,
    clock: Clock,
    world: World,
    data: string,
    mask: SecretMask,
    reign: Reign,
  ) {
    this.#options = options;
    this.#mask = mask;
    this.#clock = clock;
    this.data = data;
    this.#reign = reign;
    this.#descriptions = new DescriptionScan(world.scanner, options.notify);
    this.#rivalry = new Rivalry(world.store, data, options.notify);
    this.#relisting = new Relisting(clock, () => {
      this.refresh().catch((error: unknown) => {
        const { message } = toFault(error, 'E_INTERNAL', 'the tools could not be listed');
        options.notify({ kind: 'error', message });
      });
    });
    this.world = { ...world, catalog: () => this.#reign.catalog, sources: () => this.#sourcesOf(this.#reign) };
    this.egress = new Egress({ world, loaded: () => this.#reign.loaded, notify: options.notify });
  }

  /**
   * Opens everything a configuration names. Servers that cannot be reached are reported and tried again when their
   * tools are asked for. Throws a `Fault`: E_CONFIG, E_POLICY_INVALID, E_STORE, or E_TOOL_UNREVIEWED in `enforce`.
   */
  static async open(options: GatewayOptions): Promise<Gateway> {
    const clock = options.clock ?? systemClock;
    const { manifest } = options.loaded;
    const data = dataFolder(options.loaded);
    await makeFolder(data);
    const store = await openStore(data, clock, options.store);
    const held = new HeldSecrets();
    const mask = new SecretMask();
    let sources: ReadonlyMap<string, McpSource> = new Map();
    try {
      const recovered = await recover({ store, clock });
      if (recovered > 0) {
        options.notify({
          kind: 'warning',
          message: `${recovered} calls were under way when the last process ended; whether their tools ran is unknown`,
        });
      }
      const ownKeys = await readOwnKeys(options.loaded, data);
      held.add(ownKeys);
      mask.add(ownKeys);
      sources = await openSources({ ...options, data, clock, held, mask });
      const gateway: Gateway = new Gateway(
        options,
        clock,
        {
          clock,
          store,
          runs: new RunBook(
            clock,
            store,
            () => gateway.#reign.loaded.manifest.runs.lifetime,
            () => gateway.#planner,
          ),
          asked: await AskedCalls.recall(store, manifest.tenant, clock.nowMs()),
          scanner: openScanner(),
          held,
          reserved: { find: (tool, args) => gateway.#reign.reserved.find(tool, args) },
          markers: new RunMarkers(clock),
          histories: new HistoryBook(store),
          approvalLifeMs: (): number => gateway.#reign.loaded.manifest.approvals.timeout,
          inFlight: { count: 0 },
          catalog: (): Catalog => gateway.#reign.catalog,
          sources: () => () => undefined,
          onBug: (error, callId) =>
            options.notify({
              kind: 'error',
              message: `${callId}: ${error instanceof Error ? (error.stack ?? error.message) : 'unknown'}`,
            }),
        },
        data,
        mask,
        {
          loaded: options.loaded,
          sources,
          catalog: emptyCatalog(options.loaded),
          reserved: reservePaths(options.loaded, data),
        },
      );
      gateway.#planner = await openPlanner(options.loaded, options.environment, options.notify, held);
      tellExposed(options.loaded, data, options.notify);
      await gateway.#enthrone(options.loaded, sources);
      gateway.#subscribe();
      await gateway.egress.follow();
      if (options.store === undefined) {
        gateway.#ledger = await Ledger.start({ loaded: options.loaded, clock, notify: options.notify });
      }
      await gateway.maskOwnKeys();
      gateway.#recoverNowAndThen();
      return gateway;
    } catch (error) {
      // Servers were started to list their tools: left alone, they would keep this process alive.
      await closeSources([...sources.values()]);
      await store.close();
      throw error;
    }
  }

  get catalog(): Catalog {
    return this.#reign.catalog;
  }

  get loaded(): LoadedConfig {
    return this.#reign.loaded;
  }

  get sources(): ReadonlyMap<string, McpSource> {
    return this.#reign.sources;
  }

  /** Runs one call through the straight line. Never throws. */
  async call(request: CallRequest): Promise<CallAnswer> {
    const answer = await call(this.world, request);
    if (answer.kind !== 'refused' || answer.code !== 'E_BUNDLE_REPLACED') return answer;
    // Refused before its intent: nothing ran.
    return (await this.#regain()) ? call(this.world, request) : answer;
  }

  /** Puts a new configuration into force, or throws and leaves the one in force alone. */
  replace(loaded: LoadedConfig): Promise<void> {
    return this.#exclusively(async () => {
      const before = this.#reign.sources;
      const planner = await openPlanner(loaded, this.#options.environment, this.#options.notify, this.world.held);
      const sources = await this.#reuseSources(loaded);
      try {
        await this.#enthrone(loaded, sources);
      } catch (error) {
        await closeSources([...sources.values()].filter((source) => ![...before.values()].includes(source)));
        throw error;
      }
      this.#subscribe();
      await this.egress.follow();
      this.#planner = planner;
      tellWhatWaits(this.#options.loaded.manifest, loaded.manifest, this.#options.notify);
      tellExposed(loaded, this.data, this.#options.notify);
      await closeSources([...before.values()].filter((source) => ![...sources.values()].includes(source)));
    });
  }

  /** Lists every server's tools again and makes a new catalog of them. */
  refresh(): Promise<void> {
    // One that has not begun yet sees whatever changed until it does: a server that says so a thousand times is asked once.
    this.#refreshing ??= this.#exclusively(() => {
      this.#refreshing = undefined;
      return this.#enthrone(this.#reign.loaded, this.#reign.sources);
    });
    return this.#refreshing;
  }

  /** Keeps the keys that lie in the data folder now out of whatever a server says, and out of every argument. */
  async maskOwnKeys(): Promise<void> {
    const keys = await readOwnKeys(this.#options.loaded, this.data);
    this.#mask.add(keys);
    this.world.held.add(keys);
  }

  /** Calls back when the catalog changed. Returns a function that stops that. */
  onCatalogChanged(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends every server, then the store. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#recovery);
    this.#relisting.close();
    for (const stop of this.#unsubscribe.splice(0)) stop();
    await this.#work.catch(() => {});
    await this.egress.close();
    await closeSources([...this.#reign.sources.values()]);
    await this.functions.close();
    await this.world.scanner.close();
    await this.#ledger?.close();
    await this.world.store.close();
  }

  #sourcesOf({ sources }: Reign): Sources {
    return (server) => (server === APP_SERVER ? this.functions : sources.get(server)?.tools);
  }

  /** Makes a catalog, records it as the active bundle, and decides by it from then on. */
  async #enthrone(loaded: LoadedConfig, sources: ReadonlyMap<string, McpSource>): Promise<void> {
    const { store } = this.world;
    const { manifest } = loaded;
    const all = [...[...sources.values()].map((source) => source.tools), this.functions];
    const tools = await listTools(all, this.#options.notify);
    const reserved = reservePaths(loaded, this.data);
    await settlePins({ store, clock: this.#clock, manifest }, tools, async (pins, changes) => {
      const catalog = buildCatalog({ manifest, placeOf: loaded.place, policyFiles: loaded.policies, tools, pins });
      if (manifest.mode === 'enforce' && catalog.problems.length > 0) {
        throw new Fault('E_TOOL_UNREVIEWED', catalog.problems.join('\n'));
      }
      const before = this.#reign;
      // Handed to the store and put in force in one go: every intent handed over later is decided under this catalog.
      this.#reign = { loaded, sources, catalog, reserved };
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
    for (const message of catalog.warnings) this.#options.notify({ kind: 'warning', message });
    await this.#descriptions.look(tools);
    for (const { disabled } of catalog.tools.values()) {
      if (disabled) this.#options.notify({ kind: 'warning', message: disabled.message });
    }
    for (const listener of this.#listeners) listener();
  }

  /** Another bundle than ours is active: ours is put back once the gateway of the other has ended, and not before. */
  #regain(): Promise<boolean> {
    this.#regaining ??= this.#exclusively(async () => {
      this.#regaining = undefined;
      const { catalog, loaded } = this.#reign;
      const standing = await this.#rivalry.look(catalog.bundle);
      if (standing === 'abandoned') await this.#activate(catalog, loaded);
      return standing !== 'rival';
    }).catch(() => false);
    return this.#regaining;
  }

  async #activate(catalog: Catalog, loaded: LoadedConfig, changes: readonly Change[] = []): Promise<CommitResult> {
    const { bundle } = catalog;
    await this.#rivalry.announce(bundle);
    const atMs = this.#clock.nowMs();
    const content = bundleContent(loaded, catalog);
    const result = await this.world.store.commit([
      ...changes,
      { kind: 'bundle.activate', bundle, content, atMs },
      {
        kind: 'event.append',
        event: {
          id: newId(this.#clock, 'evt'),
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

  /** Sources of servers whose configuration is unchanged go on; the others are new. */
  async #reuseSources(loaded: LoadedConfig): Promise<ReadonlyMap<string, McpSource>> {
    const opened = await openSources({
      ...this.#options,
      loaded,
      data: this.data,
      clock: this.#clock,
      held: this.world.held,
      mask: this.#mask,
    });
    const kept = new Map<string, McpSource>();
    for (const [server, source] of opened) {
      const running = this.#reign.sources.get(server);
      const same = isSameSetting(this.#reign.loaded.manifest.servers[server], loaded.manifest.servers[server]);
      kept.set(server, running !== undefined && same ? running : source);
    }
    return kept;
  }

  #subscribe(): void {
    for (const stop of this.#unsubscribe.splice(0)) stop();
    const changed = () => this.#relisting.ask();
    for (const { tools } of this.#reign.sources.values()) this.#unsubscribe.push(tools.onListChanged(changed));
  }

  /** Another gateway on the same store may die while this one lives: its intents are closed without waiting for it. */
  #recoverNowAndThen(): void {
    this.#recovery = setInterval(() => {
      void this.maskOwnKeys(); // another process may have made new ones
      recover(this.world).catch((error: unknown) => {
        this.#options.notify({ kind: 'error', message: toFault(error, 'E_STORE', 'recovery failed').message });
      });
    }, RECOVERY_MS);
    this.#recovery.unref();
  }

  #exclusively<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#work.catch(() => {}).then(task);
    this.#work = done;
    return done;
  }
}
