import { mkdtempSync, symlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { MicrovmSandbox } from '../../../src/adapters/sandboxes/microvm/open-microvm-sandbox.ts';
import { ContainerSandbox } from '../../../src/adapters/sandboxes/oci/open-container-sandbox.ts';
import { GvisorSandbox } from '../../../src/adapters/sandboxes/oci/open-gvisor-sandbox.ts';
import { ProcessSandbox } from '../../../src/adapters/sandboxes/process/open-process-sandbox.ts';
import { WasmSandbox } from '../../../src/adapters/sandboxes/quickjs/open-wasm-sandbox.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { type Profile, readyProfiles } from '../../../src/model/profile.ts';
import type { Sandbox, SandboxJob } from '../../../src/ports/sandbox.ts';
import { buildImage, removeImage } from '../../escape/build-image.ts';
import { countLeftovers, findLeft, type Leftovers } from '../../escape/leftovers.ts';
import { listEngines } from '../../escape/list-engines.ts';

/** What every tier answers alike. Programs are JavaScript, which all of them run. */

const PATH = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin'];
const isRoot = process.getuid?.() === 0;
const MB = 1_048_576;
const common = { clock: systemClock, path: PATH, isRoot };
const engines = listEngines();
const images = new Map<string, string>();
/** One folder for each engine, so that no other is found. */
const folders = new Map(engines.map(({ name }) => [name, mkdtempSync(join(tmpdir(), 'engine-'))]));
for (const { name, path } of engines) symlinkSync(path, join(folders.get(name) ?? '', name));
afterAll(async () => {
  for (const folder of folders.values()) await rm(folder, { recursive: true });
  for (const { path } of engines) await removeImage(path, 'conformance');
});
interface Kind {
  readonly tier: Profile['tier'];
  readonly by: string;
  readonly open: () => Sandbox;
}
const tiers: readonly Kind[] = [
  { tier: 'wasm', by: 'QuickJS', open: () => new WasmSandbox({ clock: systemClock, ready: 0 }) },
  { tier: 'process', by: 'bubblewrap', open: () => new ProcessSandbox(common) },
  ...(isRoot ? [{ tier: 'gvisor' as const, by: 'runsc', open: () => new GvisorSandbox(common) }] : []),
  {
    tier: 'microvm',
    by: 'QEMU',
    open: () =>
      new MicrovmSandbox({
        ...common,
        cacheFolder: join(tmpdir(), 'chaperone', 'machines'),
        kernelRoot: process.env['CHAPERONE_KERNEL'] ?? '/',
      }),
  },
  ...engines.map(({ name }) => ({
    tier: 'container' as const,
    by: name,
    open: () => new ContainerSandbox({ clock: systemClock, path: [folders.get(name) ?? ''], image: images.get(name) }),
  })),
];
const { code, snippet } = readyProfiles;
if (code === undefined || snippet === undefined) throw new Error('both are ready profiles');

describe.each(tiers)('tier $tier, by $by', ({ tier, by, open }) => {
  const isWasm = tier === 'wasm';
  const profile: Profile = {
    ...(isWasm ? snippet : code),
    ...{ tier, memoryBytes: 256 * MB, timeMs: 120_000, outputBytes: 100_000, processes: 64 },
    limits: isRoot || tier === 'microvm' ? 'total' : 'per-process',
  };
  let sandbox: Sandbox;
  let own: string;
  let before: Leftovers;
  const was = process.env['TMPDIR'];
  const run = (source: string, more: Partial<SandboxJob> = {}) =>
    sandbox.run({ profile, program: { kind: 'code', language: 'js', source }, files: [], ...more });

  beforeAll(async () => {
    const engine = engines.find(({ name }) => name === by);
    if (engine !== undefined) images.set(by, await buildImage(engine.path, 'conformance'));
    sandbox = open();
    await run(isWasm ? 'return 1' : ''); // what is opened once for all runs is opened
    own = await mkdtemp(join(tmpdir(), 'chaperone-conformance-'));
    process.env['TMPDIR'] = own;
    before = countLeftovers();
  }, 300_000);
  afterAll(async () => {
    await sandbox.close();
    if (was === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = was;
    await rm(own, { recursive: true, force: true });
  });

  it('tells what was printed, how it ended and what changed, and of a failing program the same', async () => {
    const files = ['a.txt', 'b.txt', 'same.txt'].map((path) => ({ path, bytes: Buffer.from(path) }));
    const work = isWasm
      ? "files.write('a.txt', 'new'); files.remove('b.txt'); files.write('deep/c.txt', 'c');"
      : "import fs from 'node:fs'; fs.writeFileSync('a.txt', 'new'); fs.rmSync('b.txt'); fs.mkdirSync('deep'); fs.writeFileSync('deep/c.txt', 'c');";
    const outcome = await run(`${work} console.log('said'); console.error('complained')`, { files });
    expect(outcome).toMatchObject({ end: 'exit', exitCode: 0, stdout: 'said\n', stderr: 'complained\n', attempts: [] });
    const changes = outcome.changes.map(({ path, change, bytes }) => [
      path,
      change,
      bytes && Buffer.from(bytes).toString(),
    ]);
    expect(changes.sort()).toEqual([
      ['a.txt', 'changed', 'new'],
      ['b.txt', 'removed', undefined],
      ['deep/c.txt', 'added', 'c'],
    ]);
    expect(outcome.heldBy).toMatchObject({ memory: expect.any(String), time: 'timer' });
    const failed = await run('throw new Error("no")');
    expect(failed).toMatchObject({ end: 'exit', exitCode: 1 });
    expect(failed.stderr).toContain('no');
  });

  it('ends what prints, computes or is told to stop, and says which', async () => {
    const flood = await run("for (let i = 0; i < 3000; i++) console.log('x'.repeat(99))");
    expect(flood).toMatchObject({ end: 'output', attempts: [{ kind: 'output' }] });
    expect(flood.stdout.length).toBeLessThanOrEqual(profile.outputBytes);
    const spin = await run('for (;;);', { profile: { ...profile, timeMs: 3_000 } });
    expect(spin).toMatchObject({ end: 'time', attempts: [{ kind: 'time' }] });
    const stop = new AbortController();
    const stopped = run('for (;;);', { signal: stop.signal });
    setTimeout(() => stop.abort(), 500);
    expect(await stopped).toMatchObject({ end: 'cancelled', attempts: [] });
    expect(await run('', { signal: AbortSignal.abort() })).toMatchObject({ end: 'cancelled' });
  });

  it('holds its memory', async () => {
    const outcome = await run(
      'const held = []; for (let i = 0; i < 100; i++) held.push(new Uint8Array(8_000_000).fill(1)); console.log("GOT")',
    );
    expect(outcome.stdout).not.toContain('GOT');
    expect(outcome.attempts.map(({ kind }) => kind)).toContain('memory');
  });

  it('gives each run a sandbox that nothing was in before', async () => {
    const mark = isWasm
      ? "const was = files.list(); files.write('mark', 'x'); console.log(was.length)"
      : "import fs from 'node:fs'; console.log(fs.readdirSync('/tmp').length + fs.readdirSync('.').length); fs.writeFileSync('/tmp/mark', 'x'); fs.writeFileSync('mark', 'x')";
    for (let round = 0; round < 2; round++) expect((await run(mark)).stdout).toBe('0\n');
  });

  it('runs nothing that it does not have', async () => {
    const missing = sandbox.run({ profile, program: { kind: 'command', argv: ['/nowhere/program'] }, files: [] });
    if (isWasm) await expect(missing).rejects.toMatchObject({ code: 'E_SANDBOX_UNAVAILABLE' });
    else {
      const outcome = await missing.catch((error: { code?: string }) => error);
      if ('code' in outcome) expect(outcome.code).toBe('E_SANDBOX');
      else expect(outcome).toMatchObject({ end: 'exit', exitCode: 127 });
    }
  });

  it('leaves no process, no zombie, no control group, no mount, no file and no descriptor behind', async () => {
    // An engine tidies up behind the container, after its program has ended.
    await vi.waitFor(() => expect(findLeft(before)).toEqual({}), tier === 'container' ? 20_000 : 0);
  });
});
