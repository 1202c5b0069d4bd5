import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProcessSandbox } from '../../src/adapters/sandboxes/process/open-process-sandbox.ts';
import { Watch } from '../../src/adapters/sandboxes/process/watch.ts';
import { startProgram } from '../../src/adapters/sandboxes/program/start-program.ts';
import { recordAttemptsOfProgram } from '../../src/app/record-attempts.ts';
import { boundProgram } from '../../src/app/run/bound-program.ts';
import { systemClock } from '../../src/base/clock.ts';
import { findProfile, type Profile } from '../../src/model/profile.ts';
import type { EscapeAttempt } from '../../src/ports/sandbox.ts';
import { type LawWorld, lawCatalog, openLawWorld } from '../laws/law-world.ts';
import { type HostWorld, layOutHost } from './host-world.ts';
import { countLeftovers, findLeft } from './leftovers.ts';
import { succeeded } from './probe.ts';
import { probes } from './probes.ts';
import { succeedBare } from './run-bare.ts';
import { isTold } from './told.ts';

/** The walls of `chaperone run --profile`, as it puts them up, without the gateway around them. */

const PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const isRoot = process.getuid?.() === 0;
const found = findProfile({ held: { memory: 134_217_728, space: 67_108_864, time: 2_500 } }, 'held');
if (found === undefined) throw new Error('an entry makes a profile');
const held: Profile = { ...found, limits: isRoot ? 'total' : 'per-process' };
/** Without control groups nobody counts what was refused; it is refused all the same. */
const UNCOUNTED = new Set(isRoot ? [] : ['memory', 'processes']);
/** It works in a folder that stays, as its user does: there is nothing to be taken over, and no link to be told of. */
let world: HostWorld;
let own: string;
let law: LawWorld;
/** People are told of each agent by itself: every program has one of its own. */
let programs = 0;
const sandbox = new ProcessSandbox({ clock: systemClock, path: PATH, isRoot });

beforeAll(async () => {
  own = await mkdtemp(join(tmpdir(), 'chaperone-program-'));
  world = await layOutHost();
  const hook = { webhook: { url: 'https://hooks.test', secret: { secret: 'env:S' } } };
  law = await openLawWorld({
    catalog: lawCatalog({ tools: [], manifest: { version: 1, channels: { soc: hook } } }),
    call: async () => ({ ok: false, ran: 'no', code: 'E_UPSTREAM_UNREACHABLE', message: 'there are no tools here' }),
  });
  await run('true', 'shell'); // what this process opens the first time stays open
});
afterAll(async () => {
  await sandbox.close();
  await world.close();
  await rm(own, { recursive: true, force: true });
});

async function run(source: string, language: 'python' | 'shell') {
  const folder = await mkdtemp(join(own, 'run-'));
  const [workspace, ways, decoys] = [join(folder, 'work'), join(folder, 'ways'), join(folder, 'decoys')];
  for (const path of [workspace, ways, decoys]) await mkdir(path);
  const confinement = await sandbox.confine(held);
  const agent = `agent-${programs++}`;
  const attempts: EscapeAttempt[] = [];
  const exceeded: EscapeAttempt[] = [];
  const watch = new Watch({
    elsewhere: () => exceeded,
    onAttempts: async (told) => {
      attempts.push(...told);
      await recordAttemptsOfProgram(law.world, () => {}, 'default', { agent, run: agent }, told);
    },
    ...(confinement.count === undefined ? {} : { count: confinement.count }),
  });
  const stdout = new PassThrough();
  let printed = '';
  stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  try {
    const program = await startProgram({
      command: language === 'python' ? ['/usr/bin/python3', '-c', source] : ['/bin/sh', '-c', source],
      ...{ workspace, cwd: workspace, readable: [], kept: [], hidden: [], ways, ports: {}, confinement },
      ...{ env: { PATH: '/usr/bin:/bin' }, path: PATH.join(':'), spaceBytes: held.spaceBytes, stdio: 'pipe' },
      watched: { watch, folder: decoys },
    });
    const { timeMs, outputBytes } = held;
    const release = boundProgram(
      program,
      { timeMs, outputBytes },
      { stdout, stderr: new PassThrough().resume() },
      (one) => {
        exceeded.push(one);
        program.child.kill('SIGKILL');
      },
    );
    await watch.end(await program.ended.finally(release));
  } finally {
    await confinement.release();
    await rm(folder, { recursive: true, force: true });
  }
  const events = await law.truth.readEvents({ tenant: 'default', agent, kinds: ['escape.attempted'], limit: 100 });
  const notices = await law.truth.listNotices('default', law.world.clock.nowMs(), 1_000);
  return {
    printed,
    noticed: attempts.map(({ kind }) => kind),
    recorded: events.flatMap(({ body }) => body['attempts'] as unknown as EscapeAttempt[]),
    alerts: notices.filter(({ facts }) => facts['agent'] === agent).map(({ facts }) => facts['severity']),
    attempts,
  };
}

describe('a program of `chaperone run`, held by a profile', () => {
  it.each(probes)('is held and noticed where it $name, and people are told', async (probe) => {
    const source = await succeedBare(probe, world);
    const before = countLeftovers();
    const { printed, noticed, recorded, alerts, attempts } = await run(source, probe.language);
    expect(succeeded(probe, world, printed), printed.slice(0, 500)).toBe(false);
    if (probe.noticed === undefined || !isTold('run', probe.noticed) || UNCOUNTED.has(probe.noticed))
      expect(noticed).toEqual([]);
    else expect(noticed).toContain(probe.noticed);
    expect(recorded).toEqual(attempts);
    expect(alerts.length > 0).toBe(attempts.length > 0);
    expect(findLeft(before)).toEqual({});
  });
});
