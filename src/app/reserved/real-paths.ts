import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, isAbsolute, parse, sep } from 'node:path';

/** As many symbolic links as systems follow on the way to one file. */
const LINKS = 40;

/** Where a path leads, and what is there, if anything is. */
export interface RealPath {
  readonly path: string;
  readonly stats: Stats | undefined;
}

/**
 * Resolves absolute paths as the system would: one part after the other, through every symbolic link, and on as written
 * from where nothing is there yet. Remembers what it saw, so one of them serves one question. Throws a `RangeError` when
 * more files would have to be looked at than `limit`.
 */
export function createPathResolver(limit: number): (path: string) => RealPath {
  const seen = new Map<string, Stats | undefined>();

  const look = (path: string): Stats | undefined => {
    if (seen.has(path)) return seen.get(path);
    if (seen.size >= limit) throw new RangeError('too many files to look at');
    const stats = lookAt(path);
    seen.set(path, stats);
    return stats;
  };

  return (path) => {
    let { root } = parse(path);
    let at = root;
    let stats = look(at);
    let links = 0;
    const waiting = splitParts(path.slice(at.length));
    for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
      if (part === '' || part === '.') continue;
      if (part === '..') {
        at = dirname(at);
        stats = look(at);
        continue;
      }
      at += at.length > root.length || !root.endsWith(sep) ? sep + part : part;
      // Beneath what is not there nothing is.
      if (stats === undefined) continue;
      stats = look(at);
      const target = stats?.isSymbolicLink() && links++ < LINKS ? readLink(at) : undefined;
      if (target === undefined) continue;
      if (isAbsolute(target)) ({ root } = parse(target));
      at = isAbsolute(target) ? root : dirname(at);
      stats = look(at);
      waiting.push(...splitParts(isAbsolute(target) ? target.slice(root.length) : target));
    }
    return { path: at, stats };
  };
}

/** The parts of a path, the first of them last. */
function splitParts(path: string): string[] {
  return path.split(process.platform === 'win32' ? /[\\/]/ : '/').reverse();
}

function lookAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // what cannot be looked at cannot be told from what is not there
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // gone since it was looked at
  }
}

/** Paths in the form in which two spellings of one file are equal on this system. */
export function foldPath(path: string): string {
  return process.platform === 'darwin' || process.platform === 'win32' ? path.normalize('NFC').toLowerCase() : path;
}
