import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import openWabt from 'wabt';
import { openMemoryStore } from '../../src/adapters/stores/memory/open-memory-store.ts';
import { Chaperone } from '../../src/app/chaperone.ts';
import { loadText } from '../../src/app/config/load-config.ts';
import { Gateway } from '../../src/app/gateway.ts';
import { parseOptions } from '../../src/app/host-server.ts';
import type { Notice } from '../../src/app/notice.ts';
import { callingModule } from '../escape/wasi-probes.ts';

let folder: string;
let gateway: Gateway;
let chaperone: Chaperone;
let notices: Notice[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-builtin-'));
  await mkdir(join(folder, 'work'));
  await writeFile(join(folder, 'work/a.txt'), 'alpha');
  notices = [];
  const read = { effect: 'read', consequence: 'low' } as const;
  const manifest = {
    version: 1,
    data: join(folder, 'data'),
    builtin: {
      code: { js: 'snippet', python: 'code', shell: 'code', wasm: 'snippet' },
      programs: ['ls', 'cat'],
      functions: ['builtin/files.list', 'builtin/files.write'],
      workspace: 'work',
      files: 'write',
    },
    profiles: {
      code: { workspace: 'copy', limits: process.getuid?.() === 0 ? 'total' : 'per-process' },
    },
    tools: {
      'builtin/code.run': read,
      'builtin/files.list': read,
      'builtin/files.read': read,
      'builtin/files.write': { effect: 'write', consequence: 'high' },
    },
    agents: { dev: { tools: { 'builtin/*': {} } } },
  };
  gateway = await Gateway.open({
    loaded: await loadText(JSON.stringify(manifest), 'chaperone.yaml', folder, parseOptions),
    environment: process.env,
    notify: (notice) => notices.push(notice),
    store: openMemoryStore(),
  });
  chaperone = new Chaperone(gateway);
});
afterEach(async () => {
  await chaperone.close();
  await rm(folder, { recursive: true, force: true });
});

async function run(language: string, code: string) {
  const started = await chaperone.startRun({ agent: 'dev', prompt: 'List the files, and run code.' });
  const answer = await started.call('builtin/code.run', { language, code });
  const events = await gateway.world.store.readEvents({ tenant: 'default', afterSeq: 0, limit: 100 });
  return { answer, events, shown: answer.kind === 'result' ? answer.result.structuredContent : answer.reasons };
}

describe('built-in tools', () => {
  it('run code on a copy of the workspace, and hand back what it changed', async () => {
    const { shown } = await run('python', 'print(open("a.txt").read()); open("a.txt", "w").write("beta")');
    expect(shown).toMatchObject({
      end: 'exit',
      stdout: 'alpha\n',
      changes: [{ path: 'a.txt', change: 'changed', text: 'beta' }],
    });
  });

  it('give shell code the programs that are named, and no others', async () => {
    const { shown } = await run('shell', 'cat a.txt; python3 -c 1 || echo none; ls /usr/bin');
    expect(shown).toMatchObject({ stdout: expect.stringMatching(/^alphanone\ncat\nls\n(setpriv\n)?sh\n$/) });
  });

  it('record what the walls noticed before the result is handed over, and say so', async () => {
    const { answer, events } = await run('python', 'print(open("/etc/shadow").read())');
    expect(answer.kind).toBe('result');
    const kinds = events.map(({ kind }) => kind);
    expect(kinds.indexOf('escape.attempted')).toBeGreaterThan(kinds.indexOf('call.intended'));
    expect(kinds.indexOf('escape.attempted')).toBeLessThan(kinds.indexOf('call.completed'));
    const attempt = events.find(({ kind }) => kind === 'escape.attempted');
    expect(attempt).toMatchObject({
      agent: 'dev',
      tool: 'builtin/code.run',
      callId: answer.callId,
      body: { severity: 'high', attempts: [{ kind: 'decoy', severity: 'high' }] },
    });
    expect(notices.filter(({ kind }) => kind === 'error').map((notice) => notice.message)).toEqual([
      expect.stringContaining('it opened the decoy /etc/shadow'),
    ]);
  });

  it('decide every call of a snippet as a call of its own, under the call it is made by', async () => {
    const { answer, events, shown } = await run(
      'js',
      `const { entries } = await tools.builtin['files.list']({});
       const refused = await tools.builtin['files.write']({ path: 'x', text: 'y' }).catch((error) => error.message);
       return { names: entries.map(({ name }) => name), refused };`,
    );
    expect(shown).toMatchObject({ value: { names: ['a.txt'], refused: expect.stringMatching(/^E_\w+: /) } });
    const nested = events.filter(({ kind, callId }) => kind === 'call.intended' && callId !== answer.callId);
    expect(nested.map(({ tool, body }) => [tool, body['parent']])).toEqual([['builtin/files.list', answer.callId]]);
    const refused = events.find(({ kind, tool }) => kind.startsWith('call.') && tool === 'builtin/files.write');
    expect(refused?.kind).toMatch(/^call\.(asked|refused)$/);
  });

  it('decide every call of a WASI module as a call of its own, and run none that wants another tool', async () => {
    const assemble = async (...tools: string[]) => {
      const module = (await openWabt()).parseWat('module.wat', callingModule(tools, '{}'));
      return Buffer.from(module.toBinary({}).buffer).toString('base64');
    };
    const { answer, events, shown } = await run('wasm', await assemble('builtin/files.list', 'builtin/files.write'));
    expect(shown).toMatchObject({
      end: 'exit',
      exitCode: 0,
      stdout: expect.stringMatching(/^\+\{"entries":\[\{"name":"a\.txt".*\n-E_\w+: .*\n$/),
    });
    const nested = events.filter(({ kind, callId }) => kind === 'call.intended' && callId !== answer.callId);
    expect(nested.map(({ tool, body }) => [tool, body['parent']])).toEqual([['builtin/files.list', answer.callId]]);

    const strange = await run('wasm', await assemble('builtin/files.list', 'builtin/code.run'));
    expect(strange.shown).toMatchObject({ exitCode: 1, stdout: '' });
    expect(strange.events.find(({ kind }) => kind === 'escape.attempted')).toMatchObject({
      callId: strange.answer.callId,
      body: { severity: 'high', attempts: [{ kind: 'function' }] },
    });
  });

  it('read one folder and leave files in one store, where a profile says so', async () => {
    for (const name of ['inbox', 'reports', 'data']) await mkdir(join(folder, name), { recursive: true });
    await writeFile(join(folder, 'inbox/b.txt'), 'beta');
    const write = { effect: 'write', consequence: 'low' } as const;
    const open = async (input: string) => {
      const manifest = {
        version: 1,
        data: join(folder, 'data'),
        builtin: { code: { python: 'documents' }, workspace: 'work' },
        profiles: {
          documents: { input, store: 'reports', limits: process.getuid?.() === 0 ? 'total' : 'per-process' },
        },
        tools: { 'builtin/code.run': write },
        agents: { dev: { tools: { 'builtin/*': { approval: 'never' } } } },
      };
      await chaperone.close();
      gateway = await Gateway.open({
        loaded: await loadText(JSON.stringify(manifest), 'chaperone.yaml', folder, parseOptions),
        environment: process.env,
        notify: (notice) => notices.push(notice),
        store: openMemoryStore(),
      });
      chaperone = new Chaperone(gateway);
    };
    await open('inbox');
    const code = `
text = open("/input/b.txt").read() + open("a.txt").read()
def attempt(task):
    try: task(); print("done")
    except OSError as error: print(type(error).__name__)
attempt(lambda: open("/input/b.txt", "w"))
attempt(lambda: open("/input/new.txt", "w"))
open("a.txt", "w").write("changed")
open("out.txt", "w").write(text)`;
    const { answer, shown } = await run('python', code);
    expect(shown).toMatchObject({
      stdout: 'OSError\nOSError\n',
      changes: [{ path: 'out.txt', change: 'added', text: 'betaalpha' }],
      kept: answer.callId,
    });
    expect(await readFile(join(folder, 'reports', answer.callId, 'out.txt'), 'utf8')).toBe('betaalpha');
    expect(await readFile(join(folder, 'inbox/b.txt'), 'utf8')).toBe('beta');
    expect(await readFile(join(folder, 'work/a.txt'), 'utf8')).toBe('alpha');
    const failed = await run('python', 'open("out.txt", "w").write("half"); raise SystemExit(1)');
    expect(failed.shown).toMatchObject({ exitCode: 1 });
    expect(await readdir(join(folder, 'reports'))).toEqual([answer.callId]);
    for (const input of ['.', 'data', 'nowhere']) {
      await open(input);
      const refused = await run('python', 'import os; print(os.listdir("/input"))');
      expect(refused.answer, input).toMatchObject({ kind: 'refused', code: 'E_SANDBOX' });
    }
  });

  it('let a snippet call nothing that the manifest does not name', async () => {
    const { shown } = await run('js', `return Object.keys(tools.builtin).sort()`);
    expect(shown).toMatchObject({ value: ['files.list', 'files.write'] });
  });
});
