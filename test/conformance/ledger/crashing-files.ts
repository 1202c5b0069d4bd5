import { dirname } from 'node:path';
import type { FileOperations } from '../../../src/adapters/ledgers/files/file-operations.ts';
import type { Seeded } from '../../simulation/seeded.ts';

/** What every operation rejects with from the moment the power is cut. */
export class PowerCut extends Error {}

interface Inode {
  /** What a program reads. */
  bytes: Uint8Array;
  /** What is on the disk for certain. */
  synced: Uint8Array | undefined;
}

/**
 * A file system that keeps only what was synced. When the power is cut, of everything else some is there, some is not,
 * and some is there in part: names without their content, content without its name.
 */
export class CrashingFiles implements FileOperations {
  #names = new Map<string, Inode | 'folder'>([['/', 'folder']]);
  #syncedNames = new Map<string, Inode | 'folder'>([['/', 'folder']]);
  #cutAfter = Infinity;
  #failAt = Infinity;
  #operations = 0;
  #isCut = false;

  /** Operations that changed something, so far. */
  get operations(): number {
    return this.#operations;
  }

  /** Cuts the power instead of the operation that comes after so many more. */
  cutAfter(operations: number): void {
    this.#cutAfter = this.#operations + operations;
  }

  /** Lets one operation fail, as if the disk were full. */
  failAfter(operations: number): void {
    this.#failAt = this.#operations + operations;
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  /** The power comes back: whatever was not synced is there or not, as the seed has it. */
  restart(seeded: Seeded): void {
    const names = new Map<string, Inode | 'folder'>();
    for (const path of [...new Set([...this.#names.keys(), ...this.#syncedNames.keys()])].sort()) {
      const now = this.#names.get(path);
      const synced = this.#syncedNames.get(path);
      const kept = now === synced || seeded.below(2) === 0 ? synced : now;
      const parent = path === '/' ? 'folder' : names.get(dirname(path));
      if (kept === undefined || parent !== 'folder') continue;
      names.set(path, kept === 'folder' ? kept : settle(kept, seeded));
    }
    this.#names = names;
    this.#syncedNames = new Map(names);
    this.#isCut = false;
    this.#cutAfter = Infinity;
    this.#failAt = Infinity;
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    if (this.#isCut) throw new PowerCut();
    const found = this.#names.get(path);
    return found === undefined || found === 'folder' ? undefined : Uint8Array.from(found.bytes);
  }

  async makeFolder(path: string): Promise<string | undefined> {
    this.#tick();
    let first: string | undefined;
    for (let at = path; !this.#names.has(at); at = dirname(at)) {
      this.#names.set(at, 'folder');
      first = at;
    }
    return first;
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    this.#tick();
    if (this.#names.get(dirname(path)) !== 'folder') throw new Error(`no folder for ${path}`);
    const there = this.#names.get(path);
    if (there === undefined || there === 'folder') this.#names.set(path, { bytes, synced: undefined });
    else there.bytes = bytes;
  }

  async syncFile(path: string): Promise<void> {
    this.#tick();
    const file = this.#names.get(path);
    if (file === undefined || file === 'folder') throw new Error(`no file ${path}`);
    file.synced = file.bytes;
  }

  async rename(from: string, to: string): Promise<void> {
    this.#tick();
    const file = this.#names.get(from);
    if (file === undefined) throw new Error(`no file ${from}`);
    this.#names.delete(from);
    this.#names.set(to, file);
  }

  async link(from: string, to: string): Promise<boolean> {
    this.#tick();
    const file = this.#names.get(from);
    if (file === undefined) throw new Error(`no file ${from}`);
    if (this.#names.has(to)) return false;
    this.#names.set(to, file);
    return true;
  }

  async syncFolder(path: string): Promise<void> {
    this.#tick();
    if (this.#names.get(path) !== 'folder') throw new Error(`no folder ${path}`);
    for (const name of new Set([...this.#names.keys(), ...this.#syncedNames.keys()])) {
      if (name === '/' || dirname(name) !== path) continue;
      const now = this.#names.get(name);
      if (now === undefined) this.#syncedNames.delete(name);
      else this.#syncedNames.set(name, now);
    }
  }

  async remove(path: string): Promise<void> {
    this.#tick();
    for (const name of [...this.#names.keys()])
      if (name === path || name.startsWith(`${path}/`)) this.#names.delete(name);
  }

  /** What is in a folder, as `FileOperations` has it. */
  async list(path: string): Promise<readonly string[]> {
    if (this.#isCut) throw new PowerCut();
    const below = [...this.#names].filter(([name]) => name !== '/' && dirname(name) === path);
    return below.map(([name, file]) => name.slice(path.length + 1) + (file === 'folder' ? '/' : '')).sort();
  }

  /** Every file below a folder, by its path below it. */
  all(folder: string): ReadonlyMap<string, Uint8Array> {
    const below = [...this.#names].filter(([path, file]) => file !== 'folder' && path.startsWith(`${folder}/`));
    return new Map(below.map(([path, file]) => [path.slice(folder.length + 1), (file as Inode).bytes])); // filtered
  }

  /** Puts a folder back to what it once was, as somebody who restores a backup does. */
  restore(folder: string, files: ReadonlyMap<string, Uint8Array>): void {
    for (const name of [...this.#names.keys()]) if (name.startsWith(`${folder}/`)) this.#names.delete(name);
    for (const [path, bytes] of files) {
      const full = `${folder}/${path}`;
      for (let at = dirname(full); !this.#names.has(at); at = dirname(at)) this.#names.set(at, 'folder');
      this.#names.set(full, { bytes, synced: bytes });
    }
    this.#syncedNames = new Map(this.#names);
  }

  #tick(): void {
    if (this.#isCut || this.#operations >= this.#cutAfter) {
      this.#isCut = true;
      throw new PowerCut();
    }
    this.#operations++;
    if (this.#operations - 1 === this.#failAt) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
  }
}

function settle(file: Inode, seeded: Seeded): Inode {
  if (file.bytes === file.synced) return file;
  const old = file.synced ?? new Uint8Array();
  const bytes = [old, file.bytes, file.bytes.subarray(0, Math.floor(file.bytes.length / 2))][seeded.below(3)] ?? old;
  return { bytes, synced: bytes };
}
