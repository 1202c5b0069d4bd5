import type { BucketKey } from '../../adapters/ledgers/copies/sign-bucket-request.ts';
import { Fault, toFault } from '../../base/fault.ts';
import { Secret } from '../../base/secret.ts';
import type { LedgerCopyConfig } from '../../model/ledger-copy.ts';
import { readLent, type ServerValue } from '../config/resolve-secrets.ts';
import { resolveValues } from '../config/resolve-values.ts';
import { ServerLoan } from '../credentials/lend-to-server.ts';
import type { CopyWorld } from './copy-world.ts';

const PARTS = ['accessKeyId', 'secretAccessKey', 'sessionToken'] as const;

/**
 * What one copy's requests are signed with, read again before each of them: what lies in a file may be replaced there at any
 * time, and what is lent ends and is lent anew.
 */
export class BucketKeys {
  readonly #world: CopyWorld;
  readonly #name: string;
  readonly #config: LedgerCopyConfig;
  readonly #loan: ServerLoan;
  readonly #seen = new Set<string>();
  #last: BucketKey | undefined;
  #isLeaving = false;

  constructor(world: CopyWorld, name: string, config: LedgerCopyConfig) {
    this.#world = world;
    this.#name = name;
    this.#config = config;
    const { manifest, folder } = world.loaded;
    const known = world.leasing.open(manifest, folder);
    // No server has this name, which stands in the record of what was lent.
    this.#loan = new ServerLoan(world.leasing, known, manifest.tenant, `ledger.copies.${name}`);
  }

  /** Throws a `ConfigFault` for a secret that is not there. What is lent is not asked for yet. */
  async check(): Promise<void> {
    await this.#resolve();
  }

  /** Rejects with a `Fault` E_COPY that says which secret cannot be had, and never a value. */
  async read(): Promise<BucketKey> {
    try {
      const { accessKeyId, secretAccessKey, sessionToken } = await this.#loan.fill(await this.#resolve());
      if (accessKeyId === undefined || secretAccessKey === undefined) throw new Fault('E_COPY', 'there is no key');
      this.#last = { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
      return this.#last;
    } catch (error) {
      if (this.#isLeaving && this.#last !== undefined) return this.#last;
      const { message } = toFault(error, 'E_COPY', 'it cannot be read');
      throw new Fault('E_COPY', `the key of its bucket: ${message}`);
    }
  }

  /**
   * The gateway ends, and nothing is lent any more: what was lent last is used for the last copy, which the bucket refuses where
   * it has ended.
   */
  leave(): void {
    this.#isLeaving = true;
  }

  /** Gives back what was lent. */
  end(): void {
    this.#loan.end();
  }

  async #resolve(): Promise<Record<string, ServerValue>> {
    const { loaded, environment } = this.#world;
    const values: Record<string, ServerValue> = {};
    for (const part of PARTS) {
      const value = this.#config[part];
      if (value === undefined) continue;
      const lent = readLent(value);
      if (lent === undefined) {
        const wanted = [{ path: ['ledger', 'copies', this.#name, part], value }];
        const [found] = (await resolveValues(loaded, environment, wanted)).values;
        if (found !== undefined) values[part] = this.#hold(found);
      } else values[part] = lent;
    }
    return values;
  }

  #hold(found: string | Secret): string | Secret {
    if (found instanceof Secret && !this.#seen.has(found.reveal())) {
      this.#seen.add(found.reveal());
      this.#world.hold([found]);
    }
    return found;
  }
}
