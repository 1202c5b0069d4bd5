import { resolve } from 'node:path';
import { openLedgerFolder } from '../../adapters/ledgers/files/open-ledger-folder.ts';
import {
  type LocalCheckpointSigner,
  openCheckpointSigner,
} from '../../adapters/ledgers/keys/open-checkpoint-signer.ts';
import { openDistantSigner } from '../../adapters/ledgers/keys/open-distant-signer.ts';
import { openWitness } from '../../adapters/ledgers/witnesses/open-witness.ts';
import { holdFolder } from '../../adapters/locks/hold-folder.ts';
import { openRecordThread } from '../../adapters/stores/sqlite/open-record-thread.ts';
import { type Clock, newId } from '../../base/clock.ts';
import { Fault, toFault } from '../../base/fault.ts';
import type { JsonObject } from '../../base/json.ts';
import { parseVerifierKey } from '../../ledger/verifier-key.ts';
import type { Manifest } from '../../model/manifest.ts';
import type { CheckpointSigner, Witness } from '../../ports/ledger.ts';
import type { Store } from '../../ports/store.ts';
import { dataFolder, type PlacedConfig } from '../data-folder.ts';
import type { Notify } from '../notice.ts';
import { Cosigners } from './collect-cosignatures.ts';
import type { CopyWorld } from './copy-world.ts';
import { Integrator } from './integrator.ts';
import { LedgerCopies, type NamedCopy } from './ledger-copies.ts';
import { openCopies } from './open-copies.ts';

/** Where a configuration keeps its ledger, absolute. */
export interface LedgerPlaces {
  readonly record: string;
  readonly folder: string;
  readonly keys: string;
  /** The socket of the process that has the keys, where they are not here. */
  readonly signer?: string;
}

export function placeLedger(config: PlacedConfig): LedgerPlaces {
  const data = dataFolder(config);
  const { folder, keys, signer } = config.manifest.ledger;
  return {
    record: resolve(data, 'store.db'),
    folder: folder === undefined ? resolve(data, 'ledger') : resolve(config.folder, folder),
    keys: keys === undefined ? resolve(data, 'ledger-keys') : resolve(config.folder, keys),
    ...(signer === undefined ? {} : { signer: resolve(config.folder, signer) }),
  };
}

/**
 * Whoever signs a ledger: the process that has its keys, or the folder of them. Throws a `Fault` E_CONFIG where they cannot be
 * used, E_LEDGER where that process does not answer.
 */
export function openLedgerSigner(config: PlacedConfig, clock: Clock): Promise<CheckpointSigner> {
  const { origin } = config.manifest.ledger;
  const { signer } = placeLedger(config);
  return signer === undefined ? openLedgerKeys(config, clock) : openDistantSigner(signer, origin);
}

/** The keys of a ledger that are in a folder. Throws a `Fault` E_CONFIG where they cannot be used. */
export function openLedgerKeys(config: PlacedConfig, clock: Clock): Promise<LocalCheckpointSigner> {
  const { origin } = config.manifest.ledger;
  const { keys, signer } = placeLedger(config);
  if (signer !== undefined)
    throw new Fault('E_CONFIG', `the keys are where \`chaperone signer\` runs, which makes new ones by \`--rotate\``);
  return openCheckpointSigner({ folder: keys, clock, ...(origin === undefined ? {} : { origin }) });
}

export interface LedgerOptions extends CopyWorld {
  readonly notify: Notify;
  /** Where alerts are recorded. */
  readonly store: Pick<Store, 'commit'>;
}

/** While another process writes the ledger, this one looks in on it now and then. */
const STANDBY_MS = 5_000;

/**
 * Keeps a ledger of a store beside the gateway: every so often, the events that came in are taken up and a checkpoint is
 * signed. No call waits for it; what goes wrong is told once and tried again. Of several gateways on one store, one
 * writes the ledger and the others stand by.
 */
export class Ledger {
  readonly #options: LedgerOptions;
  readonly #places: LedgerPlaces;
  readonly #signer: CheckpointSigner;
  readonly #cosigners: Cosigners;
  readonly #quorum: number;
  readonly #copies: LedgerCopies;
  readonly #open = new AsyncDisposableStack();
  #integrator: Integrator | undefined;
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();
  #said = new Set<string>();
  #cosignedSize = -1;
  #closed = false;

  private constructor(options: LedgerOptions, signer: CheckpointSigner, copies: readonly NamedCopy[]) {
    this.#options = options;
    this.#places = placeLedger(options.loaded);
    this.#signer = signer;
    const witnesses = options.loaded.manifest.ledger.witnesses.map(toWitness);
    this.#cosigners = new Cosigners(witnesses, options.clock);
    this.#quorum = options.loaded.manifest.ledger.quorum ?? witnesses.length;
    this.#copies = new LedgerCopies({
      copies,
      source: openLedgerFolder(this.#places.folder),
      keys: () => signer.keys(),
      notify: options.notify,
      onDiffers: (name, { code, message }) => this.#raiseAlert({ scope: `ledger.copies.${name}`, code, message }),
    });
  }

  /** @throws Fault E_CONFIG where the keys cannot be used. Whatever else is wrong is told, and tried again. */
  static async start(options: LedgerOptions): Promise<Ledger> {
    const signer = await openLedgerSigner(options.loaded, options.clock);
    const ledger = new Ledger(options, signer, await openCopies(options));
    ledger.#schedule(0);
    return ledger;
  }

  /** Takes up what is left, and lets go of everything. Witnesses are not waited for. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#work;
    try {
      await this.#integrate();
      const published = this.#integrator?.published;
      if (published !== undefined) this.#copies.offer(published.text);
    } catch (error) {
      this.#tell(error);
    } finally {
      await this.#copies.close();
      await this.#open.disposeAsync();
    }
  }

  #schedule(afterMs: number): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#work = this.#turn().finally(() => {
        const { checkpointEvery } = this.#options.loaded.manifest.ledger;
        this.#schedule(this.#integrator === undefined ? Math.max(STANDBY_MS, checkpointEvery) : checkpointEvery);
      });
    }, afterMs);
    this.#timer.unref();
  }

  async #turn(): Promise<void> {
    try {
      await this.#integrate();
      await this.#cosign();
      this.#said.clear();
    } catch (error) {
      this.#tell(error);
    }
  }

  async #integrate(): Promise<void> {
    this.#integrator ??= await this.#openIntegrator();
    await this.#integrator?.catchUp();
  }

  async #openIntegrator(): Promise<Integrator | undefined> {
    const { folder, record } = this.#places;
    const hold = holdFolder(folder, 'E_LEDGER');
    if (hold === undefined) return undefined;
    const reader = openRecordThread({ path: record });
    try {
      const integrator = await Integrator.open({
        record: reader,
        files: openLedgerFolder(folder),
        signer: this.#signer,
      });
      this.#open.use(hold);
      this.#open.defer(() => reader.close());
      return integrator;
    } catch (error) {
      await reader.close();
      hold[Symbol.dispose]();
      throw error;
    }
  }

  async #raiseAlert(body: JsonObject): Promise<void> {
    const { store, clock, loaded } = this.#options;
    const { tenant } = loaded.manifest;
    const event = { id: newId(clock, 'evt'), kind: 'alert.raised' as const, tenant, atMs: clock.nowMs(), body };
    await store.commit([{ kind: 'event.append', event }]);
  }

  /** Asks the witnesses about a checkpoint that they have not signed. */
  async #cosign(): Promise<void> {
    const integrator = this.#integrator;
    const published = integrator?.published;
    if (integrator === undefined || published === undefined) return;
    if (this.#quorum === 0) return this.#copies.offer(published.text);
    if (published.checkpoint.size === this.#cosignedSize) return;
    const { lines, problems } = await this.#cosigners.collect(integrator, published);
    await integrator.publishWith(lines);
    this.#copies.offer(`${published.text}${lines.join('')}`);
    if (lines.length >= this.#quorum) this.#cosignedSize = published.checkpoint.size;
    for (const problem of problems) this.#tell(problem, 'warning');
    if (lines.length < this.#quorum) {
      throw new Fault(
        'E_WITNESS',
        `the ledger’s checkpoints are seen by ${lines.length} witnesses; ${this.#quorum} should`,
      );
    }
  }

  /** Says a thing once, until all is well again. */
  #tell(error: unknown, kind: 'warning' | 'error' = 'error'): void {
    const { code, message } = toFault(error, 'E_LEDGER', 'the ledger could not be written');
    if (this.#said.has(message)) return;
    this.#said.add(message);
    this.#options.notify({ kind, message: `${code} ${message}` });
  }
}

function toWitness({ url, key }: Manifest['ledger']['witnesses'][number]): Witness {
  const parsed = parseVerifierKey(key);
  if (parsed === undefined) throw new Fault('E_CONFIG', `\`${key}\` is not the public key of a witness`);
  return openWitness(url, parsed);
}
