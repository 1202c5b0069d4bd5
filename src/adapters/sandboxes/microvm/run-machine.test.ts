import { PassThrough } from 'node:stream';
import { pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { findProfile } from '../../../model/profile.ts';
import { BEGUN } from './guest-init.ts';
import { type MachineRun, runMachine } from './run-machine.ts';

const code = findProfile({}, 'code');
if (code === undefined) throw new Error('`code` is a ready profile');

/** A machine by its pipes alone: what is looked at here is whose time it is. */
function standIn() {
  const pipes = new Map<string, PassThrough>();
  const at = (port: string) => {
    const known = pipes.get(port) ?? new PassThrough();
    pipes.set(port, known);
    return known;
  };
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const kill = () => {
    resolve();
    return true;
  };
  const machine = { child: { kill }, at, ended };
  const handBack = () => {
    const archive = pack();
    archive.entry({ name: 'facts/code' }, '0');
    archive.finalize();
    archive.pipe(at('left'));
  };
  return { machine, at, handBack };
}

const run = (machine: MachineRun['machine'], timeMs: number) =>
  runMachine({
    machine,
    job: { profile: { ...code, timeMs }, program: { kind: 'command', argv: ['true'] }, files: [] },
    files: [],
    nowMs: () => 0,
    askedAtMs: 0,
    heldBy: {},
  });

describe('the time of a program in a machine', () => {
  it('does not begin before the program does', async () => {
    const { machine, handBack } = standIn();
    const running = run(machine, 1);
    setTimeout(handBack, 200);
    expect((await running).end).toBe('exit');
  });

  it('is held from then on', async () => {
    const { machine, at } = standIn();
    const running = run(machine, 50);
    at('control').write(`${BEGUN}\n`);
    expect((await running).end).toBe('time');
  });
});
