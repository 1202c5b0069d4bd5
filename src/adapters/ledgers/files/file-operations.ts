import { readFileSync } from 'node:fs';
import { link, mkdir, open, readdir, rename, rm } from 'node:fs/promises';

/**
 * What a ledger's folder asks of a file system, one step at a time, so that a test can end the world between any two.
 * Paths are absolute.
 */
export interface FileOperations {
  /** Undefined where there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Makes the folder and those above it. Answers with the first that was made, undefined if none was. */
  makeFolder(path: string): Promise<string | undefined>;
  write(path: string, bytes: Uint8Array): Promise<void>;
  syncFile(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Gives a file another name besides its own. False where that name is taken, which stays as it is. */
  link(from: string, to: string): Promise<boolean>;
  /** The names in a folder, in order, those of folders with `/`; none if there is no such folder. */
  list(path: string): Promise<readonly string[]>;
  syncFolder(path: string): Promise<void>;
  /** Removes a file or a folder with all in it; nothing if there is none. */
  remove(path: string): Promise<void>;
}

const FOLDER_MODE = 0o755;
const FILE_MODE = 0o644;

/** The file system of this machine. What is written can be read by anybody who gets at the folder: it holds no secret. */
export const localFiles: FileOperations = {
  async read(path) {
    try {
      // At once: the files of a log have a few KiB, which takes less than to have another thread do it and wait for that.
      return readFileSync(path);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  },
  makeFolder: (path) => mkdir(path, { recursive: true, mode: FOLDER_MODE }),
  async write(path, bytes) {
    const file = await open(path, 'w', FILE_MODE);
    try {
      await file.writeFile(bytes);
    } finally {
      await file.close();
    }
  },
  syncFile: (path) => sync(path, 'r+'),
  rename,
  async link(from, to) {
    try {
      await link(from, to);
      return true;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
      throw error;
    }
  },
  async list(path) {
    try {
      const entries = await readdir(path, { withFileTypes: true });
      return entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)).sort();
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw error;
    }
  },
  async syncFolder(path) {
    if (process.platform === 'win32') return; // folders cannot be opened there
    await sync(path, 'r');
  },
  remove: (path) => rm(path, { recursive: true, force: true }),
};

async function sync(path: string, flags: 'r' | 'r+'): Promise<void> {
  const handle = await open(path, flags);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
