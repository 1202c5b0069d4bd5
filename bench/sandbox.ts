import { spawn } from 'node:child_process';
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeWalls } from '../src/adapters/sandboxes/process/cell-arguments.ts';
import { openControlGroups } from '../src/adapters/sandboxes/process/cgroups.ts';
import { ProcessSandbox } from '../src/adapters/sandboxes/process/open-process-sandbox.ts';
import { buildFilter } from '../src/adapters/sandboxes/process/seccomp-filter.ts';
import { pipes, writeSupervisor } from '../src/adapters/sandboxes/process/supervise.ts';
import { findSystemMounts } from '../src/adapters/sandboxes/process/system-mounts.ts';
import { WasmSandbox } from '../src/adapters/sandboxes/quickjs/open-wasm-sandbox.ts';
import { newId, systemClock } from '../src/base/clock.ts';
import { type Profile, readyProfiles } from '../src/model/profile.ts';
import type { SandboxJob } from '../src/ports/sandbox.ts';
import { openInProcess } from './in-process.ts';
import { findPeer, HOW_TO_INSTALL } from './peers.ts';
import { describeMachine, type Goal, type Report } from './report.ts';
import { measureInTurns, quantile, ratio, type Samples, type Subject, summarize } from './sample.ts';

const PATH = ['/usr/local/bin', '/usr/bin', '/bin'];
const CONCURRENT = 200;
const PEER = '@anthropic-ai/sandbox-runtime';
const METHOD =
  'Sequential runs in turns; a process run is `true`, from being asked to everything taken down, and a snippet is `return 1` ' +
  'in a thread whose machine is ready. Bare bubblewrap has the same walls by a shell script: the same mounts, filter, ' +
  'resource limits and control groups, made and removed by it; it reads nothing back. A warm lease is the time until the ' +
  'code of a Python program that waits is handed over. The peer has no memory or processor limits and leaves reading open. ' +
  `Then governed calls are timed alone, and while ${CONCURRENT} sandboxes are started at once.`;

/** What a sandbox costs to start, beside bare bubblewrap and a peer, and what many at once do to the gateway. */
export async function measureSandbox(options: { durationMs: number; tell: (line: string) => void }): Promise<Report> {
  const { code, snippet } = readyProfiles;
  if (code === undefined || snippet === undefined) throw new Error('`code` and `snippet` are ready profiles');
  const isRoot = process.getuid?.() === 0;
  const walls = new ProcessSandbox({ clock: systemClock, path: PATH, isRoot });
  const wasm = new WasmSandbox({ clock: systemClock, ready: 2 });
  const missing: string[] = [];
  const job = (profile: Profile, source: string): SandboxJob => ({
    profile,
    program: { kind: 'code', language: profile.tier === 'wasm' ? 'js' : 'python', source },
    files: [],
  });
  const cold: SandboxJob = { profile: code, program: { kind: 'command', argv: ['/usr/bin/true'] }, files: [] };
  try {
    await wasm.warm(snippet.memoryBytes);
    const bare = await openBare(code, isRoot);
    const peer = await openPeer();
    if (typeof peer === 'string') missing.push(peer);
    const subjects: Subject[] = [
      { name: 'tier process, cold', call: () => walls.run(cold) },
      { name: 'bare bubblewrap, same walls', call: bare.run },
      ...(typeof peer === 'string' ? [] : [{ name: PEER, call: peer.run }]),
      { name: 'tier wasm, pooled thread', call: () => wasm.run(job(snippet, 'return 1')) },
    ];
    options.tell(`timing ${subjects.length} subjects in turns`);
    const samples = await measureInTurns(subjects, {
      warmUpCalls: 3,
      callsPerRound: 5,
      minRounds: 5,
      durationMs: options.durationMs,
    });
    const [process, bareSamples] = samples;
    const peerSamples = samples.find(({ name }) => name === PEER);
    options.tell('leasing sandboxes that wait');
    const lease = await measureLeases(walls, job({ ...code, warm: 1 }, 'print(1)'), 'warm lease, tier process');
    const handOver = await measureLeases(wasm, job(snippet, 'return 1'), 'warm lease, tier wasm');
    options.tell(`starting ${CONCURRENT} sandboxes at once`);
    const crowd = await measureCrowd(walls, cold);
    bare.close();
    if (typeof peer !== 'string') await peer.close();
    const rows = [...samples, lease, handOver, crowd.alone, crowd.beside].map(summarize);
    const p50 = (name: string) => rows.find((row) => row.name === name)?.p50Ms ?? Number.NaN;
    const toBare = process && bareSamples ? ratio(process, bareSamples) : Number.NaN;
    const toPeer = process && peerSamples ? ratio(process, peerSamples) : undefined;
    const goals: Goal[] = [
      goal('wasm from a pooled thread, p50 ms until it is handed over, at most 1', p50(handOver.name), 1),
      goal('process, cold, p50 ms, at most 12', p50('tier process, cold'), 12),
      goal('warm lease, p50 ms, at most 1', p50(lease.name), 1),
      goal('process to bare bubblewrap with the same walls, at most 1.1', toBare, 1.1),
      ...(toPeer === undefined ? [] : [goal('process to the peer, below 1', toPeer, 1)]),
    ];
    return {
      bench: 'sandbox',
      machine: describeMachine(),
      method: METHOD,
      rows,
      ratios: {
        'tier process to bare bubblewrap': toBare,
        ...(toPeer === undefined ? {} : { 'tier process to the peer': toPeer }),
        [`governed call beside ${CONCURRENT} sandboxes to one alone, p50`]:
          quantile(crowd.beside.valuesMs, 0.5) / quantile(crowd.alone.valuesMs, 0.5),
      },
      goals,
      missing,
    };
  } finally {
    await walls.close();
    await wasm.close();
  }
}

function goal(text: string, measured: number, most: number): Goal {
  return { goal: text, measured, reached: measured <= most };
}

async function measureLeases(sandbox: ProcessSandbox | WasmSandbox, job: SandboxJob, name: string): Promise<Samples> {
  const valuesMs: number[] = [];
  for (let round = 0; round < 60; round++) {
    await (sandbox instanceof ProcessSandbox ? sandbox.warm(job) : sandbox.warm(job.profile.memoryBytes));
    const { untilStartMs } = await sandbox.run(job);
    if (round >= 10) valuesMs.push(untilStartMs);
  }
  return { name, valuesMs, roundMediansMs: [quantile(valuesMs, 0.5)] };
}

/** Governed calls of the gateway in this process, alone and while it starts many sandboxes. */
async function measureCrowd(walls: ProcessSandbox, job: SandboxJob): Promise<{ alone: Samples; beside: Samples }> {
  await using gateway = await openInProcess();
  const time = async (name: string, until: () => boolean): Promise<Samples> => {
    const valuesMs: number[] = [];
    while (!until() || valuesMs.length < 50) {
      const startMs = systemClock.monotonicMs();
      await gateway.call();
      valuesMs.push(systemClock.monotonicMs() - startMs);
    }
    return { name, valuesMs, roundMediansMs: [quantile(valuesMs, 0.5)] };
  };
  for (let i = 0; i < 100; i++) await gateway.call();
  let calls = 0;
  const alone = await time('governed call, alone', () => ++calls > 500);
  let over = false;
  const crowd = Promise.all(Array.from({ length: CONCURRENT }, () => walls.run(job))).finally(() => {
    over = true;
  });
  const beside = await time(`governed call, beside ${CONCURRENT} sandboxes`, () => over);
  await crowd;
  return { alone, beside };
}

/** The same walls by hand: what nobody can be faster than without giving one up. */
async function openBare(profile: Profile, isRoot: boolean): Promise<{ run: () => Promise<void>; close: () => void }> {
  if (process.arch !== 'x64' && process.arch !== 'arm64') throw new Error('there is no filter for this processor');
  const file = join(tmpdir(), newId(systemClock, 'chaperone-bench-filter'));
  writeFileSync(file, buildFilter(process.arch));
  const groups = await openControlGroups('/sys/fs/cgroup', await readFile('/proc/self/cgroup', 'utf8'));
  const system = await findSystemMounts(process.arch);
  const supervisor = writeSupervisor({
    dropsRoot: isRoot,
    openFiles: profile.openFiles,
    fileBytes: profile.spaceBytes,
    cpuSeconds: 11,
    ...(groups === undefined ? { processes: profile.processes, memoryBytes: profile.memoryBytes } : {}),
  })
    .replace('echo ready >&5\nread -r _ <&6\n', '')
    .replace(/echo "end .*\n/, '');
  const walls = writeWalls(profile, { system }, isRoot);
  const run = async () => {
    const group = await groups?.create(newId(systemClock, `${process.pid}`).replace('_', '-'), profile);
    const enter = (group?.doors ?? []).map((door) => `echo 0 > ${door}`).join('; ');
    const filter = openSync(file, 'r');
    const child = spawn(
      '/bin/sh',
      [
        '-c',
        `${enter || ':'}; exec bwrap "$@"`,
        'sh',
        ...walls,
        '--',
        '/bin/sh',
        '-c',
        supervisor,
        'sh',
        '/usr/bin/true',
      ],
      {
        env: { PATH: PATH.join(':') },
        stdio: [...Array.from({ length: pipes.filter }, () => 'ignore' as const), filter],
      },
    );
    const exitCode = await new Promise((resolve) => child.once('close', resolve));
    closeSync(filter);
    await group?.remove();
    if (exitCode !== 0) throw new Error(`bare bubblewrap ended with ${exitCode}`);
  };
  await run();
  return { run, close: () => rmSync(file) };
}

interface PeerModule {
  readonly SandboxManager: {
    initialize(config: object): Promise<void>;
    wrapWithSandbox(command: string): Promise<string>;
    reset(): Promise<void>;
  };
}

async function openPeer(): Promise<{ run: () => Promise<void>; close: () => Promise<void> } | string> {
  const peer = findPeer(PEER);
  if (peer === undefined) return `${PEER}: ${HOW_TO_INSTALL}`;
  try {
    const { SandboxManager } = (await import(peer.entry)) as PeerModule;
    await SandboxManager.initialize({
      network: { allowedDomains: [], deniedDomains: [] },
      filesystem: { denyRead: [], allowWrite: ['/tmp'], denyWrite: [] },
    });
    const run = async () => {
      const command = await SandboxManager.wrapWithSandbox('/usr/bin/true');
      const child = spawn(command, { shell: true, stdio: 'ignore' });
      const exitCode = await new Promise((resolve) => child.once('close', resolve));
      if (exitCode !== 0) throw new Error(`it ended with ${exitCode}`);
    };
    await run();
    return { run, close: () => SandboxManager.reset() };
  } catch (error) {
    return `${PEER} ${peer.version}: ${error instanceof Error ? error.message : 'it does not start'}`;
  }
}
