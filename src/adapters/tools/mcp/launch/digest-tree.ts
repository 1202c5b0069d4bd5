import { createHash } from 'node:crypto';
import {
  createReadStream,
  type Dirent,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
} from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { setImmediate as letOthersRun } from 'node:timers/promises';
import { type Digest, digestBytes, digestJson } from '../../../../base/digest.ts';
import { Fault } from '../../../../base/fault.ts';

/** A file or folder that a digest covers, under the name it has in the digest. */
export interface Root {
  readonly label: string;
  readonly path: string;
  /** Paths below it, relative and with `/`, that are left out. */
  readonly skip?: ReadonlySet<string>;
}

type Entry = readonly [path: string, kind: 'file' | 'link', content: string];

/**
 * Small files are read synchronously, which takes a third of the time that a round through the thread pool does, and
 * a few at a time, so that calls in flight wait for a fraction of a millisecond only.
 */
const FILES_AT_ONCE = 32;
const SMALL_BYTES = 262_144;

/**
 * The digest of every file and symbolic link below the roots: paths, kinds, bytes and link targets, in an order that
 * does not depend on the file system. Times, owners and permission bits are not part of it. A link that leads out of
 * its root, and anything but files, folders and links, is a `Fault` E_SERVER_INTEGRITY: what it stands for is not
 * covered.
 *
 * Everything is read each time. Remembering digests by modification time would be faster and would trust whoever can
 * set it. What remains is the moment between this and the start: an attacker who can write to the folder then is the
 * same user as the gateway, against whom only another user id, container or host helps.
 */
export async function digestTree(roots: readonly Root[]): Promise<Digest> {
  const entries: Entry[] = [];
  let read = 0;
  for (const { label, path, skip } of roots) {
    const root = realpathSync(path);
    for (const item of lstatSync(root).isFile() ? [{ path: root, inside: '', link: false }] : walk(root, root, skip)) {
      const name = item.inside === '' ? label : label === '' ? item.inside : `${label}/${item.inside}`;
      if (item.link) entries.push([name, 'link', requireInside(root, item.path, name)]);
      else entries.push([name, 'file', await digestFile(item.path)]);
      if (++read % FILES_AT_ONCE === 0) await letOthersRun();
    }
  }
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return digestJson({ format: 'chaperone.tree/1', entries });
}

interface Item {
  readonly path: string;
  /** Relative to the root, with `/`. */
  readonly inside: string;
  readonly link: boolean;
}

function* walk(root: string, folder: string, skip: ReadonlySet<string> | undefined): Generator<Item> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    const inside = relative(root, path).replaceAll(sep, '/');
    if (skip?.has(inside)) continue;
    if (entry.isDirectory()) yield* walk(root, path, skip);
    else yield { path, inside, link: requireFileOrLink(entry, inside) };
  }
}

/** Whether it is a link. */
function requireFileOrLink(entry: Dirent, name: string): boolean {
  if (entry.isFile() || entry.isSymbolicLink()) return entry.isSymbolicLink();
  throw new Fault('E_SERVER_INTEGRITY', `\`${name}\` is neither a file nor a folder, so no digest can cover it`);
}

/** What the link says, once it is known to stay within its root. */
function requireInside(root: string, path: string, name: string): string {
  const target = readlinkSync(path);
  if (!isInside(root, realpathOr(path, resolve(path, '..', target)))) {
    throw new Fault('E_SERVER_INTEGRITY', `\`${name}\` is a link that leads out of what the digest covers`);
  }
  return target;
}

function realpathOr(path: string, otherwise: string): string {
  try {
    return realpathSync(path);
  } catch {
    return otherwise; // it leads to nothing yet
  }
}

async function digestFile(path: string): Promise<Digest> {
  if (lstatSync(path).size <= SMALL_BYTES) return digestBytes(readFileSync(path));
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}

/** Whether a path is the folder or lies below it. Both absolute. */
export function isInside(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
