import { constants } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { type Digest, digestBytes } from '../../../base/digest.ts';
import type { EscapeAttempt, FileChange, WorkFile } from '../../../ports/sandbox.ts';

export interface Changes {
  readonly changes: readonly FileChange[];
  readonly attempts: readonly EscapeAttempt[];
}

const MOST_FILES = 10_000;
const MOST_DEPTH = 32;

/**
 * What a program left in its workspace, compared with what was put there. Called when nothing of the sandbox runs any
 * more, so that nothing moves while it is looked at. Never follows a link: where a link leads is decided by whoever
 * resolves it, and here that would be the host.
 */
export async function readChanges(folder: string, before: readonly WorkFile[], mostBytes: number): Promise<Changes> {
  const was = new Map<string, Digest>(before.map(({ path, bytes }) => [path, digestBytes(bytes)]));
  const changes: FileChange[] = [];
  let links = 0;
  let left = mostBytes;
  let files = 0;

  const walk = async (below: string, depth: number): Promise<void> => {
    for (const entry of await readdir(`${folder}/${below}`, { withFileTypes: true })) {
      const path = below + entry.name;
      if (++files > MOST_FILES) return; // counted below
      if (entry.isDirectory() && depth < MOST_DEPTH) await walk(`${path}/`, depth + 1);
      if (entry.isSymbolicLink()) links++;
      if (!entry.isFile()) continue;
      const bytes = await readRegular(`${folder}/${path}`, left);
      if (bytes === undefined) continue;
      left -= bytes.length;
      const digest = was.get(path);
      was.delete(path);
      if (digest === undefined) changes.push({ path, change: 'added', bytes });
      else if (digest !== digestBytes(bytes)) changes.push({ path, change: 'changed', bytes });
    }
  };
  await walk('', 0);
  if (files > MOST_FILES) {
    const detail = `more than ${MOST_FILES} files were left in the workspace; none was taken over`;
    return { changes: [], attempts: [{ kind: 'output', severity: 'medium', detail }] };
  }
  for (const path of was.keys()) changes.push({ path, change: 'removed' });
  return {
    changes: changes.sort((a, b) => (a.path < b.path ? -1 : 1)),
    attempts:
      links === 0
        ? []
        : [{ kind: 'link', severity: 'low', detail: `${links} links were left in the workspace; none was followed` }],
  };
}

/** Its bytes, if it is a regular file of no more than that many. */
async function readRegular(path: string, mostBytes: number): Promise<Uint8Array | undefined> {
  if (!(await lstat(path)).isFile()) return undefined;
  await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const { size } = await file.stat();
  return size > mostBytes ? undefined : await file.readFile();
}
