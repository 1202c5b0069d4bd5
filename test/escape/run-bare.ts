import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Probe, type ProbeWorld, succeeded } from './probe.ts';

const MOST_MS = 30_000;

/** Runs a program without any wall, in a folder of its own. What it does is bounded by itself, and by time. */
async function runBare(language: 'python' | 'shell', source: string, { canary, held }: ProbeWorld): Promise<string> {
  const cwd = await mkdtemp(join(tmpdir(), 'chaperone-bare-'));
  const [command, ...args] = language === 'python' ? ['/usr/bin/python3', '-c', source] : ['/bin/sh', '-c', source];
  try {
    return await new Promise((resolve, reject) => {
      const child = spawn(command, args, {
        cwd,
        env: { PATH: '/usr/bin:/bin', CANARY: canary },
        stdio: ['ignore', 'pipe', 'pipe', held],
        timeout: MOST_MS,
        killSignal: 'SIGKILL',
      });
      let text = '';
      child.stdout?.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8');
      });
      child.stderr?.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8');
      });
      child.on('error', reject);
      child.on('close', () => resolve(text));
    });
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

/** What a probe does without walls, in the same run: one that cannot succeed proves nothing. Its source. */
export async function succeedBare(probe: Probe, world: ProbeWorld): Promise<string> {
  const source = probe.source(world);
  const printed = await runBare(probe.language, source, world);
  expect(succeeded(probe, world, printed), `void: it does not succeed without walls either: ${printed}`).toBe(true);
  return source;
}
