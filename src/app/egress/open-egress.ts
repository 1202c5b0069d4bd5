import { lookup } from 'node:dns/promises';
import { chmod, readFile, rm } from 'node:fs/promises';
import { join, resolve as resolvePath } from 'node:path';
import { Fault, toFault } from '../../base/fault.ts';
import { makeOwnFolder } from '../../base/own-folder.ts';
import { EgressDoor, type EgressListener, type EgressPlace } from '../../doors/egress/create-egress-door.ts';
import { openCountries } from '../../doors/egress/open-countries.ts';
import type { TlsOpener } from '../../doors/egress/open-tls.ts';
import type { EgressRuntime } from '../../doors/egress/runtime.ts';
import { type EgressConfig, egressRuleSchema } from '../../model/egress.ts';
import type { Intent } from '../../model/intent.ts';
import { EgressPolicy } from '../../policy/egress/compile-egress.ts';
import type { EscapeAttempt } from '../../ports/sandbox.ts';
import { EgressBook } from '../../runtime/egress/egress-book.ts';
import type { EgressSession } from '../../runtime/egress/egress-session.ts';
import type { World } from '../../runtime/world.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import type { Leasing } from '../credentials/leasing.ts';
import type { Notify } from '../notice.ts';
import type { SecretMask } from '../secret-mask.ts';
import { openAuthority } from './open-authority.ts';
import { writeAuthorities } from './write-authorities.ts';

export interface EgressOptions {
  readonly world: Pick<World, 'clock' | 'store' | 'runs' | 'scanner' | 'held'>;
  /** The data folder: the authority's keys lie there. */
  readonly data: string;
  /** The configuration in force. */
  readonly loaded: () => LoadedConfig;
  readonly notify: Notify;
  /** Takes secrets out of what comes back. */
  readonly mask: SecretMask;
  readonly leasing: Leasing;
  /** Who may come in besides those that the book knows: an agent with its token. */
  readonly authenticate?: (user: string, password: string) => Promise<EgressSession | undefined>;
}

/** What leads out of one sandbox. */
export interface WayOut {
  readonly socket: string;
  /** Whom to believe inside, where the door opens TLS. */
  readonly trustFile?: string;
  /** What was tried by it and refused, so far. */
  attempts(): readonly EscapeAttempt[];
  close(): Promise<void>;
}

/** Findings in a body are judged as those in any argument that is content. */
const BODY_RULES = { sinks: [], allow: [], ask: [], deny: [], hostsDeclared: [], shellMeant: [] } as const;

/** The egress door with its clients, following the configuration. Nothing listens until it is told where. */
export class Egress {
  readonly book: EgressBook;
  readonly #door: EgressDoor;
  #tls: Promise<TlsOpener> | undefined;
  readonly #options: EgressOptions;
  #config: EgressConfig;
  #policy: EgressPolicy;
  readonly #wider = new Map<string, EgressPolicy>();
  #trust: readonly string[] = [];
  #refuseCountry: (address: string) => string | undefined = () => undefined;
  authenticate: EgressOptions['authenticate'];

  constructor(options: EgressOptions) {
    const { world, loaded } = options;
    this.#options = options;
    this.#config = loaded().manifest.egress;
    this.#policy = new EgressPolicy(this.#config);
    this.authenticate = options.authenticate;
    this.book = new EgressBook(world, () => this.#config);
    this.#door = new EgressDoor(this.#makeRuntime(), async (stream, host) =>
      (await this.#openTls()).open(stream, host),
    );
  }

  listen(place: EgressPlace): Promise<EgressListener> {
    return this.#door.listen(place);
  }

  /** Takes up the configuration that is in force now. Until its GeoIP database is read, where it has one, nothing leaves. */
  async follow(): Promise<void> {
    const { loaded, notify } = this.#options;
    const { manifest, folder } = loaded();
    const { countries } = manifest.egress;
    this.#config = manifest.egress;
    this.#policy = new EgressPolicy(this.#config);
    this.#wider.clear();
    this.#door.forgetRules();
    this.#options.leasing.follow(manifest, folder);
    this.#trust = await this.#readTrust();
    if (countries === undefined) {
      this.#refuseCountry = () => undefined;
      return;
    }
    this.#refuseCountry = () => 'the GeoIP database is not there';
    try {
      this.#refuseCountry = await openCountries(resolvePath(folder, countries.database), countries);
    } catch (error) {
      const { message } = toFault(error, 'E_CONFIG', 'the GeoIP database cannot be read');
      notify({ kind: 'error', message: `${message}; nothing leaves through the egress door` });
    }
  }

  /**
   * The certificate of the authority that clients of rules with `inspect` have to trust, PEM; undefined where no rule
   * says so. Rejects with a `Fault` E_CONFIG.
   */
  async readCertificate(): Promise<string | undefined> {
    if (!this.#config.allow.some(({ inspect }) => inspect)) return undefined;
    return (await openAuthority(this.#options.data, this.#options.world.clock)).certificate.toString('pem');
  }

  #openTls(): Promise<TlsOpener> {
    this.#tls ??= this.#makeTls();
    this.#tls.catch(() => {
      this.#tls = undefined;
    });
    return this.#tls;
  }

  /** The authority is made when the first TLS is opened. */
  async #makeTls(): Promise<TlsOpener> {
    const { data, world } = this.#options;
    const { TlsOpener } = await import('../../doors/egress/open-tls.ts');
    return new TlsOpener(await openAuthority(data, world.clock), world.clock);
  }

  /** Ends every client and connection, and writes what is left to write. */
  async close(): Promise<void> {
    await this.book.closeAll();
    await this.#options.leasing.broker.close();
    await this.book.flush();
    await this.#door.close();
  }

  /** What a profile names besides is let out as if the manifest said so; its denials win all the same. */
  #policyOf({ hosts }: EgressSession): EgressPolicy {
    if (hosts.length === 0) return this.#policy;
    const key = hosts.join(' ');
    const known = this.#wider.get(key);
    if (known !== undefined) return known;
    const allow = hosts.map((host) => {
      const [, name = '', port] = /^(.*?)(?::(\d+))?$/.exec(host) ?? [];
      return egressRuleSchema.parse({ host: name, ...(port === undefined ? {} : { ports: [Number(port)] }) });
    });
    const policy = new EgressPolicy({ ...this.#config, allow: [...this.#config.allow, ...allow] });
    this.#wider.set(key, policy);
    return policy;
  }

  /**
   * A way out for what one call executes: a socket that is that call’s alone. To be closed before the call’s outcome is
   * recorded, so that everything it did comes before that. Rejects with a `Fault` E_RUN_UNKNOWN, E_LISTEN.
   */
  async openForCall(intent: Intent, hosts: readonly string[]): Promise<WayOut> {
    const { world, loaded } = this.#options;
    const run = await world.store.readRun(loaded().manifest.tenant, intent.call.runId);
    if (run === undefined) throw new Fault('E_RUN_UNKNOWN', 'the run is over');
    return this.#openWay(this.book.openForCall(intent, run, hosts).session);
  }

  /**
   * A way out for a server's own process, until it is closed. Rejects with a `Fault`: E_ISOLATED, E_STORE, E_LISTEN.
   */
  async openForServer(server: string, hosts: readonly string[]): Promise<WayOut> {
    const { tenant } = this.#options.loaded().manifest;
    const { session } = await this.book.openFor({ tenant, server }, undefined, hosts);
    return this.#openWay(session);
  }

  /** A socket that is one client's alone. */
  async #openWay(session: EgressSession): Promise<WayOut> {
    const folder = await makeOwnFolder('door');
    const socket = join(folder, 'door.sock');
    try {
      const listener = await this.listen({ path: socket, session });
      await chmod(socket, 0o666); // whoever is inside is another user; nobody else gets at the folder
      const trustFile = await writeAuthorities(folder, await this.readCertificate());
      return {
        socket,
        ...(trustFile === undefined ? {} : { trustFile }),
        attempts: () => session.attempts,
        close: async () => {
          await this.book.close(session);
          await listener.close();
          await rm(folder, { recursive: true, force: true });
        },
      };
    } catch (error) {
      await this.book.close(session);
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async #readTrust(): Promise<readonly string[]> {
    const { loaded, notify } = this.#options;
    const { trust } = this.#config;
    if (trust === undefined) return [];
    try {
      return [await readFile(resolvePath(loaded().folder, trust), 'utf8')];
    } catch {
      notify({ kind: 'error', message: `\`egress.trust\`: ${trust} cannot be read; nobody is trusted for it` });
      return [];
    }
  }

  #makeRuntime(): EgressRuntime {
    const { world, notify } = this.#options;
    const { clock, scanner, held } = world;
    return {
      clock,
      policy: (session) => this.#policyOf(session),
      authenticate: async (user, password) => this.book.find(password) ?? (await this.authenticate?.(user, password)),
      resolve: async (host) => (await lookup(host, { all: true, order: 'verbatim' })).map(({ address }) => address),
      refuseCountry: (address) => this.#refuseCountry(address),
      hello: () => this.#config.hello,
      scanBody: async (text) => {
        const found = await scanner.scanArguments({ body: text }, BODY_RULES, text.length);
        return found;
      },
      holdsSecret: (text) => held.findIn({ text }).length > 0,
      leaseCredential: (session, name, to) => this.#options.leasing.broker.lease(session, name, to),
      maskText: this.#options.mask.take,
      countOpen: (text) => this.#options.mask.countOpen(text),
      trust: () => this.#trust,
      report: (message) => notify({ kind: 'error', message }),
    };
  }
}
