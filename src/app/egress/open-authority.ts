import { constants } from 'node:fs';
import { link, mkdir, open, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, newId } from '../../base/clock.ts';
import { Fault, toFault } from '../../base/fault.ts';
import type { Authority } from '../../doors/egress/certificates.ts';

const OTHERS = 0o077;

/** The folder of the authority whose certificates the egress door shows. */
export function authorityFolder(data: string): string {
  return join(data, 'egress-keys');
}

/**
 * The authority of this installation, made the first time. Two processes that start at once end up with the same. Throws
 * a `Fault` E_CONFIG where its file is not private or cannot be read.
 */
export async function openAuthority(data: string, clock: Clock): Promise<Authority> {
  const folder = authorityFolder(data);
  const path = join(folder, 'authority.pem');
  try {
    const known = await readFile(path);
    const { readAuthority } = await import('../../doors/egress/certificates.ts');
    return await readAuthority(known ?? (await make(folder, path, clock)));
  } catch (error) {
    throw toFault(error, 'E_CONFIG', `the egress door’s authority in ${path} cannot be read`);
  }
}

async function readFile(path: string): Promise<string | undefined> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (handle === undefined) return undefined;
  try {
    const { mode } = await handle.stat();
    if (process.platform !== 'win32' && (mode & OTHERS) !== 0)
      throw new Fault('E_CONFIG', `others can read ${path}: chmod 600 ${path}`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

/** A finished file is linked to its name, which exactly one process can do. */
async function make(folder: string, path: string, clock: Clock): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = join(folder, `${newId(clock, 'draft')}.pem`);
  const { makeAuthority } = await import('../../doors/egress/certificates.ts');
  await writeFile(draft, await makeAuthority(clock), { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await unlink(draft);
  }
  const made = await readFile(path);
  if (made === undefined) throw new Fault('E_CONFIG', `${path} went away`);
  return made;
}
