import { constants } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { type Digest, digestBytes } from '../../../base/digest.ts';
import type { EscapeAttempt, FileChange, WorkFile } from '../../../ports/sandbox.ts';

export interface Changes {
  readonly changes: readonly FileChange[];
  readonly attempts: readonly EscapeAttempt[];
}

const MOST_FILES = 10_000;
export const MOST_DEPTH = 32;

/** What is left in a workspace, entry by entry, compared with what was put there. */
export class WorkComparison {
  readonly #was: Map<string, Digest>;
  readonly #changes: FileChange[] = [];
  readonly #mostBytes: number;
  #bytes = 0;
  #links = 0;
  #entries = 0;

  constructor(before: readonly WorkFile[], mostBytes: number) {
    this.#was = new Map(before.map(({ path, bytes }) => [path, digestBytes(bytes)]));
    this.#mostBytes = mostBytes;
  }

  /** Bytes that may still be taken over. */
  get left(): number {
    return this.#mostBytes - this.#bytes;
  }

  /** Whether there is room for one more; each has to be counted. */
  count(isLink: boolean): boolean {
    if (isLink) this.#links++;
    return ++this.#entries <= MOST_FILES;
  }

  take(path: string, bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    const digest = this.#was.get(path);
    this.#was.delete(path);
    if (digest === undefined) this.#changes.push({ path, change: 'added', bytes });
    else if (digest !== digestBytes(bytes)) this.#changes.push({ path, change: 'changed', bytes });
  }

  finish(): Changes {
    if (this.#entries > MOST_FILES) {
      const detail = `more than ${MOST_FILES} files were left in the workspace; none was taken over`;
      return { changes: [], attempts: [{ kind: 'output', severity: 'medium', detail }] };
    }
    const detail = `${this.#links} links were left in the workspace; none was followed`;
    const removed = [...this.#was.keys()].map((path): FileChange => ({ path, change: 'removed' }));
    return {
      changes: [...this.#changes, ...removed].sort((a, b) => (a.path < b.path ? -1 : 1)),
      attempts: this.#links === 0 ? [] : [{ kind: 'link', severity: 'low', detail }],
    };
  }
}

/**
 * What a program left in its workspace, compared with what was put there. Called when nothing of the sandbox runs any
 * more, so that nothing moves while it is looked at. Never follows a link: where a link leads is decided by whoever
 * resolves it, and here that would be the host.
 */
export async function readChanges(folder: string, before: readonly WorkFile[], mostBytes: number): Promise<Changes> {
  const comparison = new WorkComparison(before, mostBytes);
  const walk = async (below: string, depth: number): Promise<void> => {
    for (const entry of await readdir(`${folder}/${below}`, { withFileTypes: true })) {
      const path = below + entry.name;
      if (!comparison.count(entry.isSymbolicLink())) return;
      if (entry.isDirectory() && depth < MOST_DEPTH) await walk(`${path}/`, depth + 1);
      if (!entry.isFile()) continue;
      const bytes = await readRegular(`${folder}/${path}`, comparison.left);
      if (bytes !== undefined) comparison.take(path, bytes);
    }
  };
  await walk('', 0);
  return comparison.finish();
}

/** Its bytes, if it is a regular file of no more than that many. */
async function readRegular(path: string, mostBytes: number): Promise<Uint8Array | undefined> {
  if (!(await lstat(path)).isFile()) return undefined;
  await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const { size } = await file.stat();
  return size > mostBytes ? undefined : await file.readFile();
}
