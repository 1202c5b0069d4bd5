import { mkdir, readdir, rename, rm, stat, unlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type Clock, newId } from '../../../base/clock.ts';
import { toFault } from '../../../base/fault.ts';
import { limits } from '../../../base/limits.ts';
import { Secret } from '../../../base/secret.ts';
import type { JournaledLease, LeaseJournal } from '../../../ports/credentials.ts';
import { readPrivate, syncFolder, writePrivate } from './private-file.ts';
import { seal, unseal } from './seal.ts';

const entrySchema = z.strictObject({
  version: z.literal(1),
  id: z.string(),
  name: z.string(),
  handle: z.string(),
  expiresAtMs: z.number().optional(),
  subject: z.strictObject({
    tenant: z.string(),
    agent: z.string().optional(),
    runId: z.string().optional(),
    callId: z.string().optional(),
    tool: z.string().optional(),
    server: z.string().optional(),
  }),
});
const FILE = /^(lse_[0-9A-Za-z]+)\.age$/;

/**
 * What has to be taken back, in sealed files. Each process has a folder of its own, and touches it as long as it lives;
 * the folder of one that does not is renamed to be another's, which exactly one of them can do.
 */
export class SealedJournal implements LeaseJournal {
  readonly #folder: string;
  readonly #own: string;
  readonly #identity: () => Promise<string>;
  readonly #clock: Clock;
  #made: Promise<void> | undefined;

  /** @param folder of all processes. @param identity that entries are sealed to. */
  constructor(folder: string, identity: () => Promise<string>, clock: Clock) {
    this.#folder = folder;
    this.#own = join(folder, newId(clock, 'proc'));
    this.#identity = identity;
    this.#clock = clock;
  }

  async keep({ id, name, handle, expiresAtMs, subject }: JournaledLease): Promise<void> {
    const entry: z.infer<typeof entrySchema> = {
      version: 1,
      id,
      name,
      handle: handle.reveal(),
      ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
      subject,
    };
    try {
      const sealed = await seal(await this.#identity(), JSON.stringify(entry));
      await this.#make();
      await writePrivate(this.#pathOf(id), sealed).catch(async (error: NodeJS.ErrnoException) => {
        // Whoever gave no sign of life for too long has lost its folder to another, and makes a new one.
        if (error.code !== 'ENOENT') throw error;
        this.#made = undefined;
        await this.#make();
        await writePrivate(this.#pathOf(id), sealed);
      });
      await syncFolder(this.#own);
    } catch (error) {
      throw toFault(error, 'E_CREDENTIAL', 'it could not be kept that a lease has to be taken back');
    }
  }

  async drop(id: string): Promise<void> {
    await unlink(this.#pathOf(id)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }

  async adopt(): Promise<readonly JournaledLease[]> {
    const now = new Date(this.#clock.nowMs());
    if (this.#made !== undefined)
      await utimes(this.#own, now, now).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
        this.#made = undefined;
      });
    const adopted: JournaledLease[] = [];
    for (const name of await readdir(this.#folder).catch(() => [])) {
      const path = join(this.#folder, name);
      const seen = path === this.#own ? undefined : await stat(path).catch(() => undefined);
      if (seen === undefined || now.getTime() - seen.mtimeMs < limits.credentialProcessMs) continue;
      adopted.push(...(await this.#takeOver(path)));
    }
    return adopted;
  }

  async #takeOver(path: string): Promise<readonly JournaledLease[]> {
    const mine = join(this.#folder, newId(this.#clock, 'proc'));
    try {
      await rename(path, mine);
    } catch {
      return []; // another process was first
    }
    const entries: JournaledLease[] = [];
    await this.#make();
    for (const file of await readdir(mine)) {
      const id = FILE.exec(file)?.[1];
      if (id === undefined) continue;
      await rename(join(mine, file), this.#pathOf(id));
      const entry = await this.#read(id);
      if (entry !== undefined) entries.push(entry);
    }
    await syncFolder(this.#own);
    await rm(mine, { recursive: true });
    return entries;
  }

  /** Undefined for what was cut short while it was written: nobody was handed that lease. */
  async #read(id: string): Promise<JournaledLease | undefined> {
    const bytes = await readPrivate(this.#pathOf(id));
    if (bytes === undefined) return undefined;
    try {
      const { name, handle, expiresAtMs, subject } = entrySchema.parse(
        JSON.parse(await unseal(await this.#identity(), bytes)),
      );
      const known = Object.fromEntries(Object.entries(subject).filter(([, value]) => value !== undefined));
      return {
        id,
        name,
        handle: new Secret(`cred:${name}`, handle),
        subject: { ...known, tenant: subject.tenant },
        ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
      };
    } catch {
      await this.drop(id);
      return undefined;
    }
  }

  #make(): Promise<void> {
    this.#made ??= mkdir(this.#own, { recursive: true, mode: 0o700 }).then(() => syncFolder(this.#folder));
    this.#made.catch(() => {
      this.#made = undefined;
    });
    return this.#made;
  }

  #pathOf(id: string): string {
    return join(this.#own, `${id}.age`);
  }
}
