import { constants } from 'node:fs';
import { link, lstat, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../base/clock.ts';
import { Fault, toFault } from '../../../base/fault.ts';

/**
 * The files of a ledger's key folder. Small texts, each written whole or not at all, readable by their owner alone: who
 * can write here can sign what they like.
 */
export interface KeyFiles {
  readonly folder: string;
  list(): Promise<readonly string[]>;
  /** Undefined where there is no such file. */
  read(name: string): Promise<string | undefined>;
  /** What tells a file from any that was in its place before, without reading it; undefined where there is none. */
  fingerprint(name: string): Promise<string | undefined>;
  /** Writes or replaces a file; when it resolves, it would survive a power cut. */
  replace(name: string, text: string): Promise<void>;
  /** Writes a file that is not there yet. False if there is one of that name, which stays. */
  add(name: string, text: string): Promise<boolean>;
  remove(name: string): Promise<void>;
}

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const MAX_BYTES = 16_384;

/** Opens the folder, making it if it is missing. Throws a `Fault` E_CONFIG if anybody else can look into it. */
export async function openKeyFiles(folder: string, clock: Clock): Promise<KeyFiles> {
  try {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    requirePrivate(await stat(folder), folder, '700');
  } catch (error) {
    throw toFault(error, 'E_CONFIG', `the ledger’s key folder ${folder} cannot be used`);
  }

  async function writeDraft(text: string): Promise<string> {
    const path = join(folder, `.draft-${Buffer.from(clock.randomBytes(12)).toString('hex')}`);
    const file = await open(path, 'wx', FILE_MODE);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    return path;
  }

  async function syncFolder(): Promise<void> {
    if (process.platform === 'win32') return; // folders cannot be opened there
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  const failed = (name: string, error: unknown) =>
    toFault(error, 'E_LEDGER', `${join(folder, name)} cannot be written`);

  return {
    folder,
    async list() {
      try {
        return (await readdir(folder)).sort();
      } catch (error) {
        throw toFault(error, 'E_LEDGER', `the ledger’s key folder ${folder} cannot be read`);
      }
    },
    async read(name) {
      const path = join(folder, name);
      try {
        const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
        try {
          const status = await file.stat();
          if (!status.isFile() || status.size > MAX_BYTES)
            throw new Fault('E_CONFIG', `${path} is not a file of a ledger`);
          requirePrivate(status, path, '600');
          return await file.readFile('utf8');
        } finally {
          await file.close();
        }
      } catch (error) {
        if (hasCode(error, 'ENOENT')) return undefined;
        throw toFault(error, 'E_LEDGER', `${path} cannot be read`);
      }
    },
    async fingerprint(name) {
      try {
        // Whatever is done to a file, its mode included, changes when its status was changed last.
        const { ino, ctimeNs, size } = await lstat(join(folder, name), { bigint: true });
        return `${ino} ${ctimeNs} ${size}`;
      } catch (error) {
        if (hasCode(error, 'ENOENT')) return undefined;
        throw toFault(error, 'E_LEDGER', `${join(folder, name)} cannot be read`);
      }
    },
    async replace(name, text) {
      try {
        await rename(await writeDraft(text), join(folder, name));
        await syncFolder();
      } catch (error) {
        throw failed(name, error);
      }
    },
    async add(name, text) {
      let draft: string | undefined;
      try {
        draft = await writeDraft(text);
        await link(draft, join(folder, name));
        await syncFolder();
        return true;
      } catch (error) {
        if (hasCode(error, 'EEXIST')) return false;
        throw failed(name, error);
      } finally {
        if (draft !== undefined) await unlink(draft);
      }
    },
    async remove(name) {
      try {
        await unlink(join(folder, name));
        await syncFolder();
      } catch (error) {
        if (!hasCode(error, 'ENOENT')) throw failed(name, error);
      }
    },
  };
}

function requirePrivate(status: { readonly mode: number; readonly uid: number }, path: string, mode: string): void {
  if (process.platform === 'win32') return; // no such modes there; the folder's ACL is what protects it
  if ((status.mode & 0o077) !== 0) {
    throw new Fault('E_CONFIG', `${path} can be read or changed by other users; run: chmod ${mode} '${path}'`);
  }
  const uid = process.getuid?.();
  if (uid !== undefined && status.uid !== uid && status.uid !== 0) {
    throw new Fault('E_CONFIG', `${path} belongs to another user (uid ${status.uid}); run: chown ${uid} '${path}'`);
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
