import { resolve } from 'node:path';
import { openSqliteStore } from '../adapters/stores/sqlite/open-sqlite-store.ts';
import { FunctionSource } from '../adapters/tools/function/function-source.ts';
import type { McpSource } from '../adapters/tools/mcp/create-mcp-source.ts';
import { type Clock, newId, systemClock } from '../base/clock.ts';
import { Fault, toFault } from '../base/fault.ts';
import { canonicalJson, type JsonObject } from '../base/json.ts';
import type { Store } from '../ports/store.ts';
import type { ToolSource } from '../ports/tool-source.ts';
import { AskedCalls } from '../runtime/asked-calls.ts';
import { call } from '../runtime/call.ts';
import { buildCatalog, type Catalog } from '../runtime/catalog.ts';
import type { CallAnswer } from '../runtime/line/call-answer.ts';
import type { CallRequest } from '../runtime/line/call-request.ts';
import { recover } from '../runtime/recover.ts';
import { RunBook } from '../runtime/run-book.ts';
import type { World } from '../runtime/world.ts';
import { bundleContent } from './bundle-content.ts';
import type { LoadedConfig } from './config/load-config.ts';
import { makeFolder } from './data-folder.ts';
import { listTools } from './list-tools.ts';
import type { Notify } from './notice.ts';
import { openSources } from './open-sources.ts';
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
const READ_AT_START = ['tenant', 'listen', 'data', 'approvals', 'runs'] as const;

/** One configuration in force: what was loaded, the sources it names, and the catalog made of both. */
interface Reign {
  readonly loaded: LoadedConfig;
  readonly sources: ReadonlyMap<string, McpSource>;
  readonly catalog: Catalog;
}

/**
 * A running Chaperone: the store, the tools' servers and the catalog in force. Doors and the SDK call through it. A new
 * configuration or a changed tool list makes a new catalog; while that is wrong the one in force stays.
 */
export class Gateway {
  readonly world: World;
  readonly functions = new FunctionSource(APP_SERVER);
  readonly data: string;
  readonly #options: GatewayOptions;
  readonly #clock: Clock;
  readonly #listeners = new Set<() => void>();
  readonly #unsubscribe: (() => void)[] = [];
  #reign: Reign;
  #work: Promise<unknown> = Promise.resolve();
  #refreshing: Promise<void> | undefined;
  #closed = false;
  #recovery: NodeJS.Timeout | undefined;

  private constructor(options: GatewayOptions, clock: Clock, world: World, data: string, reign: Reign) {
    this.#options = options;
    this.#clock = clock;
    this.data = data;
    this.#reign = reign;
    this.world = { ...world, catalog: () => this.#reign.catalog, source: (server) => this.#source(server) };
  }

  /**
   * Opens everything a configuration names. Servers that cannot be reached are reported and tried again when their
   * tools are asked for. Throws a `Fault`: E_CONFIG, E_POLICY_INVALID, E_STORE, or E_TOOL_UNREVIEWED in `enforce`.
   */
  static async open(options: GatewayOptions): Promise<Gateway> {
    const clock = options.clock ?? systemClock;
    const { manifest, folder } = options.loaded;
    const data = resolve(folder, manifest.data);
    await makeFolder(data);
    const store = options.store ?? (await openSqliteStore({ path: resolve(data, 'store.db'), clock }));
    let sources: ReadonlyMap<string, McpSource> = new Map();
    try {
      const recovered = await recover({ store, clock });
      if (recovered > 0) {
        options.notify({
          kind: 'warning',
          message: `${recovered} calls were under way when the last process ended; whether their tools ran is unknown`,
        });
      }
      sources = await openSources({ ...options, data, clock });
      const gateway: Gateway = new Gateway(
        options,
        clock,
        {
          clock,
          store,
          runs: new RunBook(clock, store, manifest.runs.lifetime),
          asked: await AskedCalls.recall(store, manifest.tenant),
          approvalLifeMs: manifest.approvals.timeout,
          inFlight: { count: 0 },
          catalog: (): Catalog => gateway.#reign.catalog,
          source: () => undefined,
          onBug: (error, callId) =>
            options.notify({
              kind: 'error',
              message: `${callId}: ${error instanceof Error ? (error.stack ?? error.message) : 'unknown'}`,
            }),
        },
        data,
        { loaded: options.loaded, sources, catalog: emptyCatalog(options.loaded) },
      );
      await gateway.#enthrone(options.loaded, sources);
      gateway.#subscribe();
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
  call(request: CallRequest): Promise<CallAnswer> {
    return call(this.world, request);
  }

  /** Puts a new configuration into force, or throws and leaves the one in force alone. */
  replace(loaded: LoadedConfig): Promise<void> {
    return this.#exclusively(async () => {
      const before = this.#reign.sources;
      const sources = await this.#reuseSources(loaded);
      try {
        await this.#enthrone(loaded, sources);
      } catch (error) {
        await closeSources([...sources.values()].filter((source) => ![...before.values()].includes(source)));
        throw error;
      }
      this.#subscribe();
      this.#tellWhatWaits(loaded);
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
    for (const stop of this.#unsubscribe.splice(0)) stop();
    await this.#work.catch(() => {});
    await closeSources([...this.#reign.sources.values()]);
    await this.functions.close();
    await this.world.store.close();
  }

  #source(server: string): ToolSource | undefined {
    return server === APP_SERVER ? this.functions : this.#reign.sources.get(server)?.tools;
  }

  /** Makes a catalog, records it as the active bundle, and decides by it from then on. */
  async #enthrone(loaded: LoadedConfig, sources: ReadonlyMap<string, McpSource>): Promise<void> {
    const { store } = this.world;
    const all = [...[...sources.values()].map((source) => source.tools), this.functions];
    const tools = await listTools(all, this.#options.notify);
    const pins = await settlePins({ store, clock: this.#clock, manifest: loaded.manifest }, tools);
    const catalog = buildCatalog({
      manifest: loaded.manifest,
      placeOf: loaded.place,
      policyFiles: loaded.policies,
      tools,
      pins,
    });
    if (loaded.manifest.mode === 'enforce' && catalog.problems.length > 0) {
      throw new Fault('E_TOOL_UNREVIEWED', catalog.problems.join('\n'));
    }
    for (const message of catalog.warnings) this.#options.notify({ kind: 'warning', message });
    for (const { disabled } of catalog.tools.values()) {
      if (disabled) this.#options.notify({ kind: 'warning', message: disabled.message });
    }
    const before = this.#reign;
    // Handed to the store and put in force in one go: every intent handed over later is decided under this catalog.
    this.#reign = { loaded, sources, catalog };
    try {
      await this.#activate(catalog, loaded);
    } catch (error) {
      this.#reign = before;
      throw error;
    }
    for (const listener of this.#listeners) listener();
  }

  async #activate(catalog: Catalog, loaded: LoadedConfig): Promise<void> {
    const { bundle } = catalog;
    const atMs = this.#clock.nowMs();
    const content = bundleContent(loaded, catalog);
    const result = await this.world.store.commit([
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
    if (!result.ok) throw new Fault(result.code, result.message);
  }

  /** Sources of servers whose configuration is unchanged go on; the others are new. */
  async #reuseSources(loaded: LoadedConfig): Promise<ReadonlyMap<string, McpSource>> {
    const opened = await openSources({ ...this.#options, loaded, data: this.data, clock: this.#clock });
    const kept = new Map<string, McpSource>();
    for (const [server, source] of opened) {
      const running = this.#reign.sources.get(server);
      const same = sameJson(this.#reign.loaded.manifest.servers[server], loaded.manifest.servers[server]);
      kept.set(server, running !== undefined && same ? running : source);
    }
    return kept;
  }

  #subscribe(): void {
    for (const stop of this.#unsubscribe.splice(0)) stop();
    const changed = () => {
      this.refresh().catch((error: unknown) => {
        this.#options.notify({
          kind: 'error',
          message: toFault(error, 'E_INTERNAL', 'the tools could not be listed').message,
        });
      });
    };
    for (const { tools } of this.#reign.sources.values()) this.#unsubscribe.push(tools.onListChanged(changed));
  }

  /** Some settings are read once, when the process starts. Nobody should believe that a changed one is in force. */
  #tellWhatWaits(loaded: LoadedConfig): void {
    const started = this.#options.loaded.manifest;
    for (const key of READ_AT_START) {
      if (sameJson(started[key], loaded.manifest[key])) continue;
      this.#options.notify({
        kind: 'warning',
        message: `\`${key}\` changed, which takes a restart; the old one holds`,
      });
    }
  }

  /** Another gateway on the same store may die while this one lives: its intents are closed without waiting for it. */
  #recoverNowAndThen(): void {
    this.#recovery = setInterval(() => {
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

async function closeSources(sources: readonly McpSource[]): Promise<void> {
  await Promise.allSettled(sources.map((source) => source.tools.close()));
}

function emptyCatalog(loaded: LoadedConfig): Catalog {
  return buildCatalog({
    manifest: { ...loaded.manifest, policies: [] },
    placeOf: loaded.place,
    policyFiles: [],
    tools: [],
    pins: new Map(),
  });
}

function sameJson(a: unknown, b: unknown): boolean {
  const text = (value: unknown) => canonicalJson(JSON.parse(JSON.stringify(value ?? null)) as JsonObject);
  return text(a) === text(b);
}
