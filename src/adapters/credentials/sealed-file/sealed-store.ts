import { link, mkdir, readdir, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type Clock, newId } from '../../../base/clock.ts';
import { Fault, toFault } from '../../../base/fault.ts';
import { Secret } from '../../../base/secret.ts';
import { readPrivate, syncFolder, writePrivate } from './private-file.ts';
import { seal, unseal } from './seal.ts';

/** Which of a credential's values: the one in use, one that is being tried, one that is still in flight somewhere. */
export type Slot = 'current' | 'next' | 'previous';

const sealedSchema = z.strictObject({ version: z.literal(1), value: z.string(), createdAtMs: z.number() });
const FILE = /^([a-z][a-z0-9_-]{0,62})\.age$/i;
const ENDINGS = { current: '.age', next: '.next', previous: '.previous' } as const;

/**
 * Credentials in files of the data folder, each encrypted by itself (age, X25519) to a key that lies beside them in a folder
 * of its own: a copy of one without the other is worth nothing. A name appears with its whole value or not at all.
 */
export class SealedStore {
  readonly #folder: string;
  readonly #keys: string;
  readonly #clock: Clock;
  #identity: Promise<string> | undefined;

  /** @param folder of the files. @param keys the folder of the key, best elsewhere. */
  constructor(folder: string, keys: string, clock: Clock) {
    this.#folder = folder;
    this.#keys = keys;
    this.#clock = clock;
  }

  /** The names there are. */
  async list(): Promise<readonly { readonly name: string; readonly changedAtMs: number }[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const found = [];
    for (const file of names.sort()) {
      const name = FILE.exec(file)?.[1];
      const there = name === undefined ? undefined : await stat(join(this.#folder, file)).catch(() => undefined);
      if (name !== undefined && there !== undefined) found.push({ name, changedAtMs: Math.round(there.mtimeMs) });
    }
    return found;
  }

  /** What is another text once there is another value. Undefined where there is none. */
  async version(name: string): Promise<string | undefined> {
    const there = await stat(this.#pathOf(name, 'current'), { bigint: true }).catch(() => undefined);
    return there === undefined ? undefined : `${there.ino}-${there.mtimeNs}`;
  }

  /** Undefined where there is none. Rejects with a `Fault` E_CREDENTIAL where it cannot be opened. */
  async read(name: string, slot: Slot = 'current'): Promise<Secret | undefined> {
    const bytes = await readPrivate(this.#pathOf(name, slot));
    if (bytes === undefined) return undefined;
    try {
      const { value } = sealedSchema.parse(JSON.parse(await unseal(await this.identity(), bytes)));
      return new Secret(`cred:${name}`, value);
    } catch (error) {
      if (error instanceof Fault) throw error;
      // No cause: what a parser says may quote what it read.
      throw new Fault('E_CREDENTIAL', `the sealed value of \`${name}\` cannot be opened with this installation’s key`);
    }
  }

  /** Rejects with a `Fault` E_CREDENTIAL. When it resolves the value would survive a power cut. */
  async write(name: string, value: string, slot: Slot = 'current'): Promise<void> {
    const sealed = JSON.stringify({ version: 1, value, createdAtMs: this.#clock.nowMs() });
    await this.#replace(this.#folder, this.#pathOf(name, slot), await seal(await this.identity(), sealed));
  }

  /** Puts the next value in use; the one that was is kept as `previous`. Readers see one or the other, never none. */
  async promote(name: string): Promise<void> {
    const [current, next, previous] = (['current', 'next', 'previous'] as const).map((slot) =>
      this.#pathOf(name, slot),
    );
    if (current === undefined || next === undefined || previous === undefined) return;
    await unlink(previous).catch(() => {});
    await link(current, previous).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    await rename(next, current);
    await syncFolder(this.#folder);
  }

  async remove(name: string, slot: Slot = 'current'): Promise<boolean> {
    try {
      await unlink(this.#pathOf(name, slot));
      await syncFolder(this.#folder);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  }

  #pathOf(name: string, slot: Slot): string {
    if (!FILE.test(`${name}.age`))
      throw new Fault('E_CREDENTIAL', 'a credential’s name has letters, digits, `_` and `-`');
    return join(this.#folder, `${name}${ENDINGS[slot]}`);
  }

  /** What values are sealed to, made at the first use. Rejects with a `Fault` E_CREDENTIAL. */
  identity(): Promise<string> {
    this.#identity ??= this.#readIdentity();
    this.#identity.catch(() => {
      this.#identity = undefined;
    });
    return this.#identity;
  }

  async #readIdentity(): Promise<string> {
    const path = join(this.#keys, 'identity.txt');
    const known = await readPrivate(path);
    if (known !== undefined) return Buffer.from(known).toString('utf8').trim();
    const { generateX25519Identity } = await import('age-encryption');
    const made = await generateX25519Identity();
    await mkdir(this.#keys, { recursive: true, mode: 0o700 });
    const draft = join(this.#keys, newId(this.#clock, 'draft'));
    await writePrivate(draft, Buffer.from(`${made}\n`));
    try {
      // One process wins; the others take what it made.
      await link(draft, path).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
    } finally {
      await unlink(draft);
    }
    await syncFolder(this.#keys);
    const read = await readPrivate(path);
    if (read === undefined) throw new Fault('E_CREDENTIAL', `${path} went away`);
    return Buffer.from(read).toString('utf8').trim();
  }

  async #replace(folder: string, path: string, bytes: Uint8Array): Promise<void> {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const draft = join(folder, newId(this.#clock, 'draft'));
      await writePrivate(draft, bytes);
      await rename(draft, path);
      await syncFolder(folder);
    } catch (error) {
      throw toFault(error, 'E_CREDENTIAL', `the sealed file ${path} cannot be written`);
    }
  }
}
