import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import openWabt from 'wabt';
import { WasmSandbox } from '../../src/adapters/sandboxes/quickjs/open-wasm-sandbox.ts';
import { systemClock } from '../../src/base/clock.ts';
import { Fault } from '../../src/base/fault.ts';
import { readyProfiles } from '../../src/model/profile.ts';
import type { SandboxOutcome } from '../../src/ports/sandbox.ts';
import { type HostWorld, layOutHost } from './host-world.ts';
import { GOT } from './probe.ts';
import { ProbeGateway } from './probe-gateway.ts';
import { wasiProbes, writeModule } from './wasi-probes.ts';

const MB = 1_048_576;
const bareFile = fileURLToPath(new URL('./bare-wasi.mjs', import.meta.url));
const { snippet } = readyProfiles;
if (snippet === undefined) throw new Error('`snippet` is a ready profile');
const profile = { ...snippet, memoryBytes: 64 * MB, spaceBytes: 16 * MB };

let world: HostWorld;
let gateways: readonly [patient: ProbeGateway, quick: ProbeGateway];
const sandbox = new WasmSandbox({ clock: systemClock, ready: 1 });
const wabt = await openWabt();
beforeAll(async () => {
  world = await layOutHost();
  const open = (time: string) => {
    const walled = { tier: 'wasm', time, memory: '64MB', space: '16MB' };
    return ProbeGateway.open({ profile: walled, language: 'wasm', agents: wasiProbes.length });
  };
  gateways = [await open('60s'), await open('300ms')];
});
afterAll(async () => {
  for (const gateway of gateways) await gateway.close();
  await sandbox.close();
  await world.close();
});

function assemble(text: string): Uint8Array {
  const module = wabt.parseWat('probe.wat', text);
  try {
    return Uint8Array.from(module.toBinary({}).buffer);
  } finally {
    module.destroy();
  }
}

function runBare(module: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--no-warnings', bareFile, world.folder], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', () => resolve(printed));
    child.stdin.end(module);
  });
}

describe('a WASI module in tier wasm', () => {
  it.each(wasiProbes)('is held and noticed where it $name, and people are told', async (probe) => {
    const module = assemble(probe.text());
    expect(await runBare(module), 'void: it does not succeed without walls either').toContain(GOT);

    const timeMs = probe.noticed === 'time' ? 300 : 60_000;
    const program = { kind: 'wasi', module, args: [] } as const;
    const outcome = await sandbox
      .run({ profile: { ...profile, timeMs }, program, files: [] })
      .catch((error: unknown) => {
        if (error instanceof Fault && error.code === 'E_SANDBOX_LIMIT') return undefined; // it was not run at all
        throw error;
      });
    expect(outcome?.stdout ?? '').not.toContain(GOT);
    const noticed = (outcome?.attempts ?? []).map(({ kind }) => kind);
    expect(noticed).toEqual(probe.noticed === undefined ? [] : [probe.noticed]);
    if (outcome === undefined) return;
    const [patient, quick] = gateways;
    const told = await (probe.noticed === 'time' ? quick : patient).run(Buffer.from(module).toString('base64'));
    expect(told.stdout).not.toContain(GOT);
    expect(told.attempts.map(({ kind }) => kind)).toEqual(noticed);
  });

  it('reads its input and its files, and what it leaves is handed back', async () => {
    const module = assemble(
      writeModule(
        `
        (i32.store (i32.const 0) (i32.const 2048)) (i32.store (i32.const 4) (i32.const 100))
        (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
        (drop (call $say (i32.const 1) (i32.const 2048) (i32.load (i32.const 8))))
        (drop (call $at (i32.const 6) (i32.const 0)))
        (i32.store (i32.const 0) (i32.const 2048)) (i32.store (i32.const 4) (i32.const 100))
        (drop (call $read (i32.load (i32.const 12)) (i32.const 0) (i32.const 1) (i32.const 8)))
        (drop (call $say (i32.const 1) (i32.const 2048) (i32.load (i32.const 8))))
        (i32.store (i32.const 1024) (i32.const 0x2e74756f))
        (drop (call $at (i32.const 4) (i32.const 1)))
        (drop (call $say (i32.load (i32.const 12)) (i32.const 16) (i32.const 3)))
        (call $exit (i32.const 7))`,
        { data: 'in.txt' },
      ),
    );
    const outcome: SandboxOutcome = await sandbox.run({
      profile: { ...profile, timeMs: 60_000 },
      program: { kind: 'wasi', module, args: [] },
      files: [{ path: 'in.txt', bytes: Buffer.from('from a file') }],
      stdin: Buffer.from('from stdin, '),
    });
    expect(outcome).toMatchObject({ end: 'exit', exitCode: 7, stdout: 'from stdin, from a file', attempts: [] });
    expect(
      outcome.changes.map(({ path, change, bytes }) => [path, change, Buffer.from(bytes ?? []).toString()]),
    ).toEqual([['out.', 'added', 'GOT']]);
  });

  it('is refused where it is none', async () => {
    const program = { kind: 'wasi', module: Buffer.from('not a module'), args: [] } as const;
    await expect(sandbox.run({ profile, program, files: [] })).rejects.toMatchObject({ code: 'E_SANDBOX_LIMIT' });
  });
});
