import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../../base/fault.ts';
import { findProfile } from '../../../model/profile.ts';
import { runOutside } from './run-outside.ts';

const code = findProfile({}, 'code');
if (code === undefined) throw new Error('`code` is a ready profile');
const never = new Promise<void>(() => {});

async function run(
  script: string,
  timeMs: number,
  begun: Promise<void>,
  cameTo: 'nothing' | 'program' | 'end' = 'end',
) {
  const work = mkdtempSync(join(tmpdir(), 'chaperone-outside-'));
  try {
    return await runOutside({
      job: {
        profile: { ...(code as NonNullable<typeof code>), timeMs },
        program: { kind: 'command', argv: ['sh'] },
        files: [],
      },
      command: '/bin/sh',
      args: ['-c', script],
      work,
      kill: async () => {},
      nowMs: () => 0,
      heldBy: {},
      count: async () => undefined,
      begun,
      standMs: 60_000,
      cameTo: () => cameTo,
      notStarted: [125],
    });
  } finally {
    rmSync(work, { recursive: true });
  }
}

describe('the time of a program that a runtime starts', () => {
  it('does not begin before the program does', async () => {
    expect(await run('sleep 0.3; echo done', 1, never)).toMatchObject({ end: 'exit', stdout: 'done\n' });
  });

  it('is held from then on', async () => {
    const outcome = await run('exec sleep 600', 50, Promise.resolve());
    expect(outcome.end).toBe('time');
    expect(outcome.attempts.map(({ kind }) => kind)).toEqual(['time']);
  });

  it('is nobody’s where the program cannot be watched: nothing goes on, and the reason is told', async () => {
    const broken = Promise.reject(new Fault('E_SANDBOX', 'the engine does not say which process its container is'));
    await expect(run('exec sleep 600', 60_000, broken)).rejects.toMatchObject({ code: 'E_SANDBOX' });
  });
});

describe('what is told of a program that a runtime starts', () => {
  const begun = Promise.resolve();

  it('is that it did not run only where it did not, whatever code it ends with', async () => {
    await expect(run('exit 125', 60_000, never, 'nothing')).rejects.toMatchObject({ code: 'E_SANDBOX' });
    expect(await run('exit 125', 60_000, begun)).toMatchObject({ end: 'exit', exitCode: 125 });
  });

  it('is that it was lost, where it was ended half-way', async () => {
    await expect(run('kill -9 $$', 60_000, begun, 'program')).rejects.toMatchObject({ code: 'E_SANDBOX_LOST' });
    expect(await run('kill -9 $$', 60_000, begun)).toMatchObject({ exitCode: 137 });
  });
});
