import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { type Clock, newId } from '../../../base/clock.ts';
import { Fault } from '../../../base/fault.ts';
import { limits } from '../../../base/limits.ts';

const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

export interface Entry {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'other';
}

/**
 * A folder that tools work in. Each step of a path is opened from the handle of the step before, and no step may be a
 * link: whatever is moved or linked meanwhile, what is opened lies beneath the folder. For Linux, whose `/proc` opens
 * a name from a handle.
 */
export class Workspace {
  readonly #folder: string;
  readonly #clock: Clock;

  /** `folder` is absolute. It may itself lie behind links: whoever wrote the manifest chose it. */
  constructor(folder: string, clock: Clock) {
    this.#folder = folder;
    this.#clock = clock;
  }

  /** What lies in a folder, sorted. Throws a `Refused`. */
  async list(path: string): Promise<readonly Entry[]> {
    await using folder = await this.#enter(splitPath(path), false);
    const entries = await readdir(at(folder), { withFileTypes: true });
    if (entries.length > limits.workspaceEntries) throw new Refused('there are too many files to list');
    return entries
      .map((entry) => ({ name: entry.name, kind: kindOf(entry) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The bytes of a regular file. Throws a `Refused`. */
  async read(path: string, mostBytes: number): Promise<Uint8Array> {
    const { steps, name } = splitFile(path);
    await using folder = await this.#enter(steps, false);
    // Not waiting: what looks like a file may be a pipe that nobody writes to.
    await using file = await open(
      at(folder, name),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    ).catch(refuse);
    const stats = await file.stat();
    if (!stats.isFile()) throw new Refused('this is not a file');
    if (stats.size > mostBytes) throw new Refused(`the file has more than ${mostBytes} bytes`);
    return file.readFile();
  }

  /** Writes a whole file at once: whoever reads it sees the old one or the new one. Throws a `Refused`. */
  async write(path: string, bytes: Uint8Array): Promise<void> {
    const { steps, name } = splitFile(path);
    await using folder = await this.#enter(steps, true);
    const draft = at(folder, `.${newId(this.#clock, 'draft')}`);
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    try {
      await using file = await open(draft, flags, 0o644);
      await file.writeFile(bytes);
    } catch (error) {
      await rm(draft, { force: true });
      throw refuse(error);
    }
    await rename(draft, at(folder, name)).catch(async (error: unknown) => {
      await rm(draft, { force: true });
      refuse(error);
    });
  }

  /** Removes a file, or a link itself. Throws a `Refused`. */
  async remove(path: string): Promise<void> {
    const { steps, name } = splitFile(path);
    await using folder = await this.#enter(steps, false);
    await rm(at(folder, name)).catch(refuse);
  }

  async #enter(steps: readonly string[], make: boolean): Promise<FileHandle> {
    let folder = await open(this.#folder, constants.O_RDONLY | constants.O_DIRECTORY).catch((cause: unknown) => {
      throw new Fault('E_NOT_FOUND', `the workspace ${this.#folder} is not there`, { cause });
    });
    for (const step of steps) {
      await using above = folder;
      if (make) await mkdir(at(above, step)).catch(() => {}); // it is there, or opening it says what is wrong
      folder = await open(at(above, step), FOLDER).catch(refuse);
    }
    return folder;
  }
}

/** Why a path was not served. The message is for the caller: it says nothing of what is beyond the workspace. */
export class Refused extends Error {}

function at(folder: FileHandle, name?: string): string {
  return `/proc/self/fd/${folder.fd}${name === undefined ? '' : `/${name}`}`;
}

function splitPath(path: string): string[] {
  if (path.length > limits.workspacePathChars) throw new Refused('the path is too long');
  const steps = path.split('/').filter((step) => step !== '' && step !== '.');
  if (path.startsWith('/')) throw new Refused('paths are relative to the workspace');
  if (steps.some((step) => step === '..' || step.includes('\0')))
    throw new Refused('the path leads out of the workspace');
  return steps;
}

function splitFile(path: string): { readonly steps: string[]; readonly name: string } {
  const steps = splitPath(path);
  const name = steps.pop();
  if (name === undefined) throw new Refused('the path names no file');
  return { steps, name };
}

function kindOf(entry: { isFile(): boolean; isDirectory(): boolean }): Entry['kind'] {
  return entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : 'other';
}

function refuse(error: unknown): never {
  if (error instanceof Fault || error instanceof Refused) throw error;
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      throw new Refused('there is no such file');
    case 'ELOOP':
    case 'EMLINK':
    case 'ENOTDIR':
      throw new Refused('the path goes through something that is not a folder; links are not followed');
    case 'EISDIR':
      throw new Refused('this is a folder');
    case 'ENOSPC':
    case 'EDQUOT':
      throw new Refused('there is no room left');
    default:
      throw new Refused('the file cannot be used');
  }
}
