import { lstat, readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { type Digest, digestBytes, digestJson } from '../../../../base/digest.ts';
import { Fault } from '../../../../base/fault.ts';

/** A file or folder that a digest covers, under the name it has in the digest. */
export interface Root {
  readonly label: string;
  readonly path: string;
}

type Entry = readonly [path: string, kind: 'file' | 'link', content: string];

/** Files read at once: enough to keep two disks busy, few enough for any limit on open files. */
const AT_ONCE = 16;

/**
 * The digest of every file and symbolic link below the roots: paths, kinds, bytes and link targets, in an order that
 * does not depend on the file system. Times, owners and permission bits are not part of it. A link that leads out of
 * its root, and anything but files, folders and links, is a `Fault` E_SERVER_INTEGRITY: what it stands for is not
 * covered. `skip` names paths (relative to their root) that are left out.
 *
 * Everything is read each time. Remembering digests by modification time would be faster and would trust whoever can
 * set it. What remains is the moment between this and the start: an attacker who can write to the folder then is the
 * same user as the gateway, against whom only another user id, container or host helps.
 */
export async function digestTree(roots: readonly Root[], skip: ReadonlySet<string> = new Set()): Promise<Digest> {
  const entries: Entry[] = [];
  const pending: (() => Promise<void>)[] = [];
  for (const { label, path } of roots) {
    const real = await realpath(path);
    const stats = await lstat(real);
    if (stats.isFile()) pending.push(async () => void entries.push([label, 'file', await digestFile(real)]));
    else await collect(real, real, label, skip, entries, pending);
  }
  await drain(pending);
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return digestJson({ format: 'chaperone.tree/1', entries });
}

async function collect(
  root: string,
  folder: string,
  label: string,
  skip: ReadonlySet<string>,
  entries: Entry[],
  pending: (() => Promise<void>)[],
): Promise<void> {
  for (const item of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, item.name);
    const inside = relative(root, path).replaceAll(sep, '/');
    if (skip.has(inside)) continue;
    const name = label === '' ? inside : `${label}/${inside}`;
    if (item.isDirectory()) {
      await collect(root, path, label, skip, entries, pending);
    } else if (item.isFile()) {
      pending.push(async () => void entries.push([name, 'file', await digestFile(path)]));
    } else if (item.isSymbolicLink()) {
      const target = await readlink(path);
      const real = await realpath(path).catch(() => resolve(folder, target));
      if (!isInside(root, real)) {
        throw new Fault('E_SERVER_INTEGRITY', `\`${name}\` is a link that leads out of what the digest covers`);
      }
      entries.push([name, 'link', target]);
    } else {
      throw new Fault('E_SERVER_INTEGRITY', `\`${name}\` is neither a file nor a folder, so no digest can cover it`);
    }
  }
}

async function digestFile(path: string): Promise<Digest> {
  return digestBytes(await readFile(path));
}

async function drain(pending: (() => Promise<void>)[]): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let job = pending[next++]; job !== undefined; job = pending[next++]) await job();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** Whether a path is the folder or lies below it. Both absolute. */
export function isInside(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
