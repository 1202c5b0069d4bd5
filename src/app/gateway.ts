import { FunctionSource } from '../adapters/tools/function/function-source.ts';
import type { McpSource } from '../adapters/tools/mcp/create-mcp-source.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { sweepOwnFolders } from '../base/own-folder.ts';
import type { Secret } from '../base/secret.ts';
import type { Store } from '../ports/store.ts';
import { expireApprovals } from '../runtime/approving/expire-approvals.ts';
import { ReviewWatch } from '../runtime/approving/watch-reviews.ts';
import { call } from '../runtime/call.ts';
import type { Catalog } from '../runtime/catalog.ts';
import { conduct } from '../runtime/conduct.ts';
import type { CallAnswer } from '../runtime/line/call-answer.ts';
import type { CallRequest } from '../runtime/line/call-request.ts';
import { recover } from '../runtime/recover.ts';
import { TemplateBook } from '../runtime/template-book.ts';
import type { World } from '../runtime/world.ts';
import { HeldSecrets } from '../scan/held-secrets.ts';
import { Notifying } from './approving/notifying.ts';
import { isSameSetting, tellWhatWaits } from './compare-settings.ts';
import type { LoadedConfig } from './config/load-config.ts';
import { resolveClientSecret } from './config/resolve-secrets.ts';
import { Leasing } from './credentials/leasing.ts';
import { dataFolder, makeFolder } from './data-folder.ts';
import { Egress } from './egress/open-egress.ts';
import { everyMinute } from './every-minute.ts';
import { APP_SERVER } from './host-server.ts';
import { IsolationWatch, type StopListener } from './isolation/isolation-watch.ts';
import { letGo } from './isolation/let-go.ts';
import type { StopBase } from './isolation/stop-base.ts';
import { Ledger, placeLedger } from './ledger/start-ledger.ts';
import type { Notify } from './notice.ts';
import { openPlanner } from './open-planner.ts';
import { openScanner } from './open-scanner.ts';
import { openSigner } from './open-signer.ts';
import { closeSources, openSources, settingOf } from './open-sources.ts';
import { openStore, readRecordKeys } from './open-store.ts';
import { openWorld } from './open-world.ts';
import { readOwnKeys } from './own-keys.ts';
import type { Reign } from './reign.ts';
import { tellExposed } from './reserved/tell-exposed.ts';
import { SecretMask } from './secret-mask.ts';
import { Telemetry } from './telemetry/telemetry.ts';
import { Throne } from './throne.ts';

export interface GatewayOptions {
  readonly loaded: LoadedConfig;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly notify: Notify;
  readonly clock?: Clock;
  /** A store that is open already, and is closed with the gateway. Otherwise SQLite in the data folder. */
  readonly store?: Store;
}

/** What a gateway is made of, in the order in which it is opened. */
interface Parts {
  readonly options: GatewayOptions;
  /** Absolute path of the data folder. */
  readonly data: string;
  readonly clock: Clock;
  readonly mask: SecretMask;
  readonly functions: FunctionSource;
  readonly throne: Throne;
  readonly world: World;
  readonly telemetry: Telemetry;
  readonly leasing: Leasing;
}

/**
 * A running Chaperone: the store, the tools' servers and what is in force. Doors and the SDK call through it.
 */
export class Gateway {
  readonly world: World;
  readonly functions: FunctionSource;
  readonly egress: Egress;
  /** Tells approvers that something waits for them. */
  readonly notifying: Notifying;
  readonly data: string;
  readonly telemetry: Telemetry;
  readonly templates: TemplateBook;
  readonly #options: GatewayOptions;
  readonly #clock: Clock;
  readonly #mask: SecretMask;
  readonly #leasing: Leasing;
  readonly #throne: Throne;
  readonly #stop: (() => void)[] = [];
  #closed = false;
  readonly #isolation: IsolationWatch;
  /** None where the host application brought its own store. */
  #ledger: Ledger | undefined;

  private constructor({ options, data, clock, mask, functions, throne, world, telemetry, leasing }: Parts) {
    this.#options = options;
    this.data = data;
    this.#clock = clock;
    this.#mask = mask;
    this.functions = functions;
    this.#throne = throne;
    this.notifying = new Notifying({ ...options, world, loaded: () => this.loaded });
    this.world = { ...world, noticed: () => this.notifying.wake() };
    const { tenant } = options.loaded.manifest;
    this.#isolation = new IsolationWatch({ ...this.stopBase, tenant, notify: options.notify });
    this.#leasing = leasing;
    const { notify } = options;
    this.egress = new Egress({ world, data, loaded: () => this.loaded, notify, mask, leasing });
    this.telemetry = telemetry;
    this.templates = new TemplateBook(world.store, clock);
  }

  /**
   * Opens everything a configuration names. Servers that cannot be reached are reported and tried again when their
   * tools are asked for. Throws a `Fault`: E_CONFIG, E_POLICY_INVALID, E_STORE, or E_TOOL_UNREVIEWED in `enforce`.
   */
  static async open(options: GatewayOptions): Promise<Gateway> {
    const { loaded, environment, notify, clock = systemClock } = options;
    const data = dataFolder(loaded);
    await makeFolder(data);
    const telemetry = new Telemetry(await openStore(data, clock, options.store), clock);
    const { store } = telemetry;
    const held = new HeldSecrets();
    const mask = new SecretMask();
    let sources: ReadonlyMap<string, McpSource> = new Map();
    try {
      const recovered = await recover({ store, clock });
      if (recovered > 0) {
        notify({
          kind: 'warning',
          message: `${recovered} calls were under way when the last process ended; whether their tools ran is unknown`,
        });
      }
      await expireApprovals({ store, clock }, loaded.manifest.tenant);
      const ownKeys = await readOwnKeys(loaded, data);
      held.add(ownKeys);
      mask.add(ownKeys);
      const leasing = new Leasing({
        ...{ data, clock, environment, mask, held },
        openSigner: () => openSigner(data, clock),
        record: (...said) => gateway.egress.book.recordCredential(...said),
        report: (message) => notify({ kind: 'warning', message }),
      });
      sources = await openSources({ ...options, data, clock, held, mask, within: (): Gateway => gateway, leasing });
      const planner = await openPlanner(loaded, environment, notify, held);
      const functions = new FunctionSource(APP_SERVER);
      const scanner = await openScanner(loaded);
      const throne = new Throne({ store, clock, scanner, notify, data, functions }, { loaded, sources, planner });
      const keyDigest = await readRecordKeys(data).keyDigests();
      const world = await openWorld({ clock, store, keyDigest, scanner, held, functions, throne, notify, data });
      const gateway: Gateway = new Gateway({
        ...{ options, data, clock, mask, functions, throne, world, telemetry, leasing },
      });
      await gateway.#begin();
      return gateway;
    } catch (error) {
      // Servers were started to list their tools: left alone, they would keep this process alive.
      await closeSources([...sources.values()]);
      await store.close();
      throw error;
    }
  }

  get catalog(): Catalog {
    return this.#throne.reign.catalog;
  }

  get loaded(): LoadedConfig {
    return this.#throne.reign.loaded;
  }

  get sources(): ReadonlyMap<string, McpSource> {
    return this.#throne.reign.sources;
  }

  /** Where the ledger of this gateway's store lies; undefined where the host application brought its own store. */
  get ledgerFolder(): string | undefined {
    const { store, loaded } = this.#options;
    return store === undefined ? placeLedger(loaded).folder : undefined;
  }

  /** What stopping and resuming stand on. */
  get stopBase(): StopBase {
    const { store, clock, stopSwitch } = this.world;
    return { store, clock, stopSwitch, data: this.data, manifest: () => this.loaded.manifest };
  }

  /** Calls back when something is stopped, through whichever process; see `IsolationWatch`. */
  onStopped(listener: StopListener): () => void {
    return this.#isolation.onStopped(listener);
  }

  /** Runs one call through the straight line, and whatever its tool's declaration asks for around that. Never throws. */
  call(request: CallRequest): Promise<CallAnswer> {
    return conduct(this.world, request, (each) => this.#walk(each));
  }

  async #walk(request: CallRequest): Promise<CallAnswer> {
    const answer = await call(this.world, request);
    if (answer.kind !== 'refused' || answer.code !== 'E_BUNDLE_REPLACED') return answer;
    // Refused before its intent: nothing ran.
    return (await this.#throne.regain()) ? call(this.world, request) : answer;
  }

  /** Puts a new configuration into force, or throws and leaves the one in force alone. */
  async replace(loaded: LoadedConfig): Promise<void> {
    const { environment, notify } = this.#options;
    const notifiers = await this.notifying.prepare(loaded);
    await this.templates.adopt(loaded.manifest.tenant, loaded.templates);
    await this.#throne.succeed(async (before) => ({
      loaded,
      planner: await openPlanner(loaded, environment, notify, this.world.held),
      sources: await this.#reuseSources(before, loaded),
    }));
    await this.egress.follow();
    await this.notifying.adopt(notifiers);
    tellWhatWaits(this.#options.loaded.manifest, loaded.manifest, notify);
    tellExposed(loaded, this.data, notify);
  }

  /** Lists every server's tools again and makes a new catalog of them. */
  refresh(): Promise<void> {
    return this.#throne.refresh();
  }

  /** Keeps the keys that lie in the data folder now out of whatever a server says, and out of every argument. */
  async maskOwnKeys(): Promise<void> {
    this.#keepInside(await readOwnKeys(this.#options.loaded, this.data));
  }

  #keepInside(secrets: readonly Secret[]): void {
    this.#mask.add(secrets);
    this.world.held.add(secrets);
  }

  /** The secret that the organisation gave this gateway, kept out of every argument from here on. */
  async readClientSecret(): Promise<Secret | undefined> {
    const secret = await resolveClientSecret(this.loaded, this.#options.environment);
    if (secret !== undefined) this.world.held.add([secret]);
    return secret;
  }

  /** Calls back when the catalog changed. Returns a function that stops that. */
  onCatalogChanged(listener: () => void): () => void {
    return this.#throne.onChanged(listener);
  }

  /** Ends every server, then the store. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const stop of this.#stop) stop();
    await this.#throne.close();
    await this.#isolation.close();
    await this.egress.close();
    await this.notifying.close();
    await closeSources([...this.sources.values()]);
    await this.functions.close();
    await this.world.scanner.close();
    await this.telemetry.close();
    await this.#ledger?.close();
    await this.world.store.close();
  }

  /** Puts what was loaded into force, and starts what goes on beside the calls. */
  async #begin(): Promise<void> {
    const { loaded, store, notify } = this.#options;
    await sweepOwnFolders();
    const world = {
      ...this.#options,
      clock: this.#clock,
      hold: (secrets: readonly Secret[]) => this.#keepInside(secrets),
    };
    tellExposed(loaded, this.data, notify);
    await this.templates.adopt(loaded.manifest.tenant, loaded.templates);
    // Before servers are started, which may have a way out.
    await this.egress.follow();
    await this.#throne.succeed(async (claim) => claim);
    if (store === undefined)
      this.#ledger = await Ledger.start({ ...world, store: this.world.store, leasing: this.#leasing });
    await this.telemetry.start({ ...world, data: this.data, inFlight: this.world.inFlight });
    await this.notifying.adopt(await this.notifying.prepare(loaded));
    await this.maskOwnKeys();
    await this.#isolation.start();
    this.#isolation.onStopped(({ scope }) => letGo(scope, this.egress.book, this.#leasing.broker));
    const tidy = () => this.#leasing.broker.tidy();
    void tidy();
    this.#stop.push(everyMinute(tidy, 'credentials could not be taken back', notify));
    // Another gateway on the same store may die while this one lives: its intents are closed without waiting for it.
    this.#stop.push(everyMinute(() => recover(this.world), 'recovery failed', notify));
    const reviews = new ReviewWatch(this.world);
    const look = async () => {
      const message = await reviews.look();
      if (message !== undefined) notify({ kind: 'warning', message });
    };
    await look();
    this.#stop.push(everyMinute(look, 'reviews could not be looked at', notify));
    // Another process may have made new keys.
    this.#stop.push(everyMinute(() => this.maskOwnKeys(), 'the keys could not be read', notify));
  }

  /** Sources of servers whose configuration is unchanged go on; the others are new. */
  async #reuseSources(before: Reign, loaded: LoadedConfig): Promise<ReadonlyMap<string, McpSource>> {
    const opened = await openSources({
      ...this.#options,
      loaded,
      data: this.data,
      clock: this.#clock,
      held: this.world.held,
      mask: this.#mask,
      leasing: this.#leasing,
      within: () => this,
    });
    const kept = new Map<string, McpSource>();
    for (const [server, source] of opened) {
      const running = before.sources.get(server);
      const same = isSameSetting(settingOf(before.loaded.manifest, server), settingOf(loaded.manifest, server));
      kept.set(server, running !== undefined && same ? running : source);
    }
    return kept;
  }
}
