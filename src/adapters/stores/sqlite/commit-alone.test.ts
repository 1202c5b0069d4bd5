import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../../base/clock.ts';
import { type CommitAlone, createCommitAlone } from './commit-alone.ts';
import { makeFiles, type OpenDatabase, openDatabase } from './open-database.ts';
import { flatten, sealCommit } from './wire.ts';

let folder: string;
let open: OpenDatabase;
let alone: CommitAlone;
/** How long each commit seems to take. */
let tookMs: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chaperone-alone-'));
  const path = join(folder, 'a.db');
  makeFiles(path);
  open = openDatabase(path, 1_000);
  tookMs = 0;
  let nowMs = 0;
  // Read twice for each commit: when it begins and when it is done.
  const clock: Clock = { ...systemClock, monotonicMs: () => (nowMs += tookMs) };
  alone = createCommitAlone(path, open.instance, clock);
});
afterEach(() => {
  alone.close();
  open.close();
  rmSync(folder, { recursive: true });
});

let ids = 0;
function commit(...durationsMs: readonly number[]): readonly boolean[] {
  return durationsMs.map((ms) => {
    tookMs = ms;
    const event = { id: `evt_${++ids}`, kind: 'run.started', tenant: 't', atMs: 1, body: {} } as const;
    const wired = flatten([{ kind: 'event.append', event }]);
    if ('ok' in wired) throw new Error(wired.message);
    return alone.commit(sealCommit(wired, systemClock)) !== undefined;
  });
}

describe('createCommitAlone', () => {
  it('goes on after commits that were slow now and then, as they are on a busy machine', () => {
    expect(commit(50, 0, 50, 50, 0, 50, 0)).not.toContain(false);
  });

  it('leaves a slow disk to the worker for a while, and then tries again', () => {
    expect(commit(50, 50, 50)).toEqual([true, true, true]);
    const next = commit(...Array.from({ length: 501 }, () => 0));
    expect(next.indexOf(true)).toBe(500);
  });
});
