import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const OWNED = /^chaperone-[a-z]+-(\d+)-/;

/** A folder for something of this process, below the system's temporary one: whoever comes later can tell whose it was. */
export function makeOwnFolder(purpose: string): Promise<string> {
  return mkdtemp(join(tmpdir(), `chaperone-${purpose}-${process.pid}-`));
}

/** Removes folders of processes of this user that have ended without doing it themselves. Never rejects. */
export async function sweepOwnFolders(): Promise<void> {
  for (const name of await readdir(tmpdir()).catch(() => [])) {
    const owner = OWNED.exec(name)?.[1];
    if (owner === undefined || isAlive(Number(owner))) continue;
    const folder = join(tmpdir(), name);
    const { uid } = await stat(folder).catch(() => ({ uid: -1 }));
    if (uid === process.getuid?.()) await rm(folder, { recursive: true, force: true }).catch(() => {});
  }
}

/** Whether a process is there, whoever's it is. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
