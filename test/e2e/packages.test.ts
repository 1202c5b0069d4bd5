import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Gateway } from '../../src/app/gateway.ts';
import { openConfig } from '../../src/app/open-config.ts';
import { openRegistry, type Registry } from './package-registry.ts';
import { newFolder } from './start-gateway.ts';

/** Packages that code may import: those of a lock file, from a registry on loopback, by the real npm and pip. */

let registry: Registry;
beforeAll(async () => {
  registry = await openRegistry();
});
afterAll(() => registry.close());

function writeLock(more: object = {}, host = `registry.test:${registry.port}`): string {
  const left = {
    ...{ version: '1.0.0', resolved: `http://${host}/left/-/left-1.0.0.tgz`, integrity: registry.integrity },
    ...{ hasInstallScript: true, ...more },
  };
  const packages = { '': { dependencies: { left: '^1.0.0' } }, 'node_modules/left': left };
  return JSON.stringify({ lockfileVersion: 3, requires: true, packages });
}

interface Tried {
  readonly stdout: string;
  readonly code: string | undefined;
  readonly message: string;
  /** Files of the layers that are kept. */
  readonly kept: readonly string[];
  readonly events: readonly string[];
}

/** Runs code in a gateway of its own, as often as asked. */
async function run(language: 'js' | 'python', code: string, lock: string, times = 1): Promise<Tried> {
  const made = await newFolder(`version: 1
profiles:
  open: { tier: process, time: 60s, memory: 512MB, processes: 64 }
builtin:
  code: { js: open, python: open }
  packages:
    ${
      language === 'js'
        ? `npm: { lock: ./lock, registry: "http://registry.test:${registry.port}/" }`
        : `python: { lock: ./lock, index: "http://registry.test:${registry.port}/simple", hosts: [] }`
    }
tools:
  builtin/code.run: { effect: read, consequence: low }
egress:
  allow:
    - { host: registry.test, ports: [${registry.port}], addresses: [127.0.0.1], tools: [builtin/code.run] }
agents:
  coder: { tools: { "builtin/*": { approval: never } } }
`);
  writeFileSync(join(made.folder, 'lock'), lock);
  const loaded = await openConfig(join(made.folder, 'chaperone.yaml'), made.folder);
  const gateway = await Gateway.open({
    loaded,
    environment: process.env,
    notify: () => {},
  });
  try {
    const principal = { tenant: 'default', agent: 'coder' };
    const { id: runId } = await gateway.world.runs.start({ principal, task: '', prompt: [], attested: false });
    const call = () => gateway.call({ principal, runId, tool: 'builtin/code.run', arguments: { language, code } });
    let answer = await call();
    const events = await gateway.world.store.readEvents({ tenant: 'default', callId: answer.callId, limit: 100 });
    for (let more = 1; more < times; more++) answer = await call();
    const shown = answer.kind === 'result' ? (answer.result.structuredContent as { stdout: string }) : undefined;
    return {
      stdout: shown?.stdout ?? '',
      code: answer.kind === 'refused' ? answer.code : undefined,
      message: answer.kind === 'refused' ? JSON.stringify(answer) : '',
      kept: readdirSync(gateway.data, { recursive: true, encoding: 'utf8' }),
      events: events.map(({ kind }) => kind),
    };
  } finally {
    await gateway.close();
    await made.dispose();
  }
}

const JS = "const { value } = await import('left'); console.log(value);";
const PYTHON = 'import right\nprint(right.VALUE)';
const requirements = (line: string) => `# what code may import\n${line}\n`;

describe('packages of a lock file', () => {
  it('are installed by npm at first use, through the door, under the call, and kept', async () => {
    registry.asked.length = 0;
    const { stdout, events, kept } = await run('js', JS, writeLock(), 2);
    expect(stdout).toBe('from left\n');
    expect(registry.asked).toEqual(['/left/-/left-1.0.0.tgz']);
    expect(events).toContain('egress.passed');
    expect(kept.some((path) => path.endsWith('left/index.js'))).toBe(true);
    expect(kept.some((path) => path.endsWith('left/ran'))).toBe(false);
  });

  it('bring scripts that would have run', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'scripts-'));
    try {
      writeFileSync(join(folder, 'package.json'), JSON.stringify({ dependencies: { left: '^1.0.0' } }));
      writeFileSync(join(folder, 'package-lock.json'), writeLock({}, `127.0.0.1:${registry.port}`));
      // The registry answers in this process, so it does not wait for npm.
      const args = ['ci', '--no-audit', '--cache', join(folder, 'cache'), '--registry', 'http://127.0.0.1/'];
      await promisify(execFile)('/usr/bin/npm', args, { cwd: folder });
      expect(existsSync(join(folder, 'node_modules/left/ran'))).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('are installed by pip the same way', async () => {
    const { stdout } = await run('python', PYTHON, requirements(`right==1.0.0 --hash=sha256:${registry.hash}`));
    expect(stdout).toBe('from right\n');
  });

  it('are not had from an archive that is another one', async () => {
    registry.tamper();
    try {
      for (const tried of [
        await run('js', JS, writeLock()),
        await run('python', PYTHON, requirements(`right==1.0.0 --hash=sha256:${registry.hash}`)),
      ]) {
        expect(tried).toMatchObject({ code: 'E_PACKAGES', stdout: '' });
        expect(tried.message).toContain('not the one that the lock file pins');
        expect(tried.kept.filter((path) => /left|right/.test(path))).toEqual([]);
      }
    } finally {
      registry.mend();
    }
  });

  it('are those that are pinned, from where it is allowed, or nothing runs and nothing is asked for', async () => {
    registry.asked.length = 0;
    for (const tried of [
      await run('js', JS, writeLock({ integrity: undefined })),
      await run('js', JS, writeLock({ resolved: 'git+ssh://git@registry.test/left.git' })),
      await run('js', JS, writeLock({}, 'elsewhere.test')),
      await run('python', PYTHON, requirements('right>=1.0.0')),
      await run('python', PYTHON, requirements('right==1.0.0')),
      await run(
        'python',
        PYTHON,
        requirements(`--index-url http://elsewhere.test/\nright==1.0.0 --hash=sha256:${registry.hash}`),
      ),
    ])
      expect(tried).toMatchObject({ code: 'E_PACKAGES', stdout: '' });
    expect(registry.asked).toEqual([]);
  });
});
