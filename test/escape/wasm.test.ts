import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WasmSandbox } from '../../src/adapters/sandboxes/quickjs/open-wasm-sandbox.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { JsonValue } from '../../src/base/json.ts';
import { readyProfiles } from '../../src/model/profile.ts';
import { type HostWorld, layOutHost } from './host-world.ts';
import { GOT } from './probe.ts';
import { ProbeGateway } from './probe-gateway.ts';
import { type SnippetProbe, snippetProbes } from './snippet-probes.ts';

const MB = 1_048_576;
const bareFile = fileURLToPath(new URL('./bare-snippet.mjs', import.meta.url));
const { snippet } = readyProfiles;
if (snippet === undefined) throw new Error('`snippet` is a ready profile');
const profile = { ...snippet, timeMs: 1_500, memoryBytes: 64 * MB };

let world: HostWorld;
let gateway: ProbeGateway;
const sandbox = new WasmSandbox({ clock: systemClock, ready: 2 });
beforeAll(async () => {
  world = await layOutHost();
  const walled = { tier: 'wasm', time: '1500ms', memory: '64MB', space: '16MB' };
  gateway = await ProbeGateway.open({ profile: walled, language: 'js', agents: snippetProbes.length });
});
afterAll(async () => {
  await gateway.close();
  await sandbox.close();
  await world.close();
});

function runBare(probe: SnippetProbe): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bareFile], { stdio: ['pipe', 'pipe', 'inherit'] });
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', () => resolve(printed));
    child.stdin.end(probe.source(world));
  });
}

async function onCall(name: string): Promise<JsonValue> {
  if (name === 'mail/fail') throw new Error('no');
  if (name === 'mail/slow') return new Promise((resolve) => setTimeout(resolve, 2_500, 'slow').unref());
  const seen = ({} as Record<string, unknown>)['polluted'];
  return name === 'mail/look' ? { polluted: typeof seen === 'string' ? seen : 'clean' } : 'sent';
}

describe('tier wasm', () => {
  it.each(snippetProbes)('holds and notices a snippet that $name, and tells people', async (probe) => {
    const bare = await runBare(probe);
    expect(bare, 'void: it does not succeed without walls either').toContain(GOT);

    const outcome = await sandbox.run({
      profile,
      program: { kind: 'code', language: 'js', source: probe.source(world) },
      files: [],
      functions: ['mail/send', 'mail/fail', 'mail/look', 'mail/slow'],
      onCall,
    });
    expect(outcome.stdout).not.toContain(GOT);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    const noticed = outcome.attempts.map(({ kind }) => kind);
    if (probe.noticed === undefined) expect(noticed).toEqual([]);
    else expect(noticed, outcome.stderr).toContain(probe.noticed);
    // The tools of this suite are none of a gateway’s: what asks for them is not asked here again.
    if (probe.source(world).includes('tools.')) return;
    const told = await gateway.run(probe.source(world));
    expect(told.stdout).not.toContain(GOT);
    expect(told.attempts.map(({ kind }) => kind)).toEqual(noticed);
  });

  it('gives every snippet a machine that nothing has run in', async () => {
    const run = (source: string) =>
      sandbox.run({ profile, program: { kind: 'code', language: 'js', source }, files: [] });
    for (let round = 0; round < 3; round++) {
      const { value } = await run(
        'const was = globalThis.mark ?? null; globalThis.mark = 1; Array.prototype.at = null; return was',
      );
      expect(value).toBeNull();
    }
  });

  it('refuses a call by a name that the snippet was not given, even if its thread asks for it', async () => {
    const { SnippetPool } = await import('../../src/adapters/sandboxes/quickjs/snippet-pool.ts');
    let listener: (message: never) => void = () => {};
    const told: unknown[] = [];
    const pool = new SnippetPool({
      ready: 0,
      // A thread that was taken over: it asks for whatever it likes.
      start: () => ({
        onMessage: (take) => {
          listener = take as typeof listener;
        },
        onEnd: () => {},
        terminate: async () => {},
        post: (message) => {
          told.push(message);
          if (message.kind === 'prepare') queueMicrotask(() => listener({ kind: 'ready' } as never));
          if (message.kind === 'run')
            queueMicrotask(() => listener({ kind: 'call', id: 1, name: 'vault/read', json: '{}' } as never));
          if (message.kind === 'failure') {
            const ending = { end: 'exit', exitCode: 0, stdout: '', stderr: '', files: {} };
            queueMicrotask(() => listener({ kind: 'ended', ending } as never));
          }
        },
      }),
    });
    const result = await pool.run({
      snippet: { source: '', functions: ['mail/send'], outputBytes: 1, files: {} },
      memoryBytes: MB,
      timeMs: 5_000,
      onCall: () => Promise.reject(new Error('nobody should get here')),
    });
    expect(result.strangeCalls).toBe(1);
    expect(told).toContainEqual({ kind: 'failure', id: 1, message: 'the call failed' });
  });
});
