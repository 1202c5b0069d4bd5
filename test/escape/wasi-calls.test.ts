import { afterAll, describe, expect, it } from 'vitest';
import openWabt from 'wabt';
import { WasmSandbox } from '../../src/adapters/sandboxes/quickjs/open-wasm-sandbox.ts';
import type { FromWorker, ToWorker } from '../../src/adapters/sandboxes/quickjs/snippet.ts';
import { SnippetPool } from '../../src/adapters/sandboxes/quickjs/snippet-pool.ts';
import { awaitAnswer, openAnswer } from '../../src/adapters/sandboxes/wasi/shared-answer.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { JsonValue } from '../../src/base/json.ts';
import { readyProfiles } from '../../src/model/profile.ts';
import { callingModule, writeModule } from './wasi-probes.ts';

const { snippet: profile } = readyProfiles;
if (profile === undefined) throw new Error('`snippet` is a ready profile');
const sandbox = new WasmSandbox({ clock: systemClock, ready: 1 });
afterAll(() => sandbox.close());

const wabt = await openWabt();
function assemble(text: string): Uint8Array {
  const module = wabt.parseWat('module.wat', text);
  try {
    return Uint8Array.from(module.toBinary({}).buffer);
  } finally {
    module.destroy();
  }
}

interface Asked {
  readonly name: string;
  readonly argument: JsonValue;
}

async function run(text: string, onCall: (asked: Asked) => Promise<JsonValue>, timeMs = 60_000) {
  const asked: Asked[] = [];
  const outcome = await sandbox.run({
    profile: { ...profile, timeMs } as typeof profile & object,
    program: { kind: 'wasi', module: assemble(text), args: [] },
    files: [],
    functions: ['crm/search', 'mail/send'],
    onCall: (name, argument) => {
      asked.push({ name, argument });
      return onCall({ name, argument });
    },
  });
  return { asked, outcome };
}

describe('calls of a WASI module', () => {
  it('go to the host one by one, and what each came to is the module’s to read', async () => {
    const text = callingModule(['crm/search', 'crm/search', 'mail/send'], '{\\"q\\":\\"ada\\"}');
    let turn = 0;
    const { asked, outcome } = await run(text, async ({ name }) => {
      if (name === 'mail/send') throw new Error('E_APPROVAL: a person has to agree');
      return { found: ++turn, name: 'Ada – ✓' };
    });
    expect(asked.map(({ name }) => name)).toEqual(['crm/search', 'crm/search', 'mail/send']);
    expect(asked[0]?.argument).toEqual({ q: 'ada' });
    expect(outcome).toMatchObject({ end: 'exit', exitCode: 0, attempts: [] });
    expect(outcome.stdout.split('\n')).toEqual([
      '+{"found":1,"name":"Ada – ✓"}',
      '+{"found":2,"name":"Ada – ✓"}',
      '-E_APPROVAL: a person has to agree',
      '',
    ]);
  });

  it('are none where a tool is wanted that it was not given: it is not run, and that is noticed', async () => {
    const text = callingModule(['crm/search', 'bank/pay'], '{}');
    const { asked, outcome } = await run(text, async () => 'paid');
    expect(asked).toEqual([]);
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '' });
    expect(outcome.attempts).toEqual([expect.objectContaining({ kind: 'function', severity: 'high' })]);
  });

  it('end with the module’s time, whatever its host is still doing', async () => {
    const { asked, outcome } = await run(callingModule(['crm/search'], '{}'), () => new Promise(() => {}), 1_500);
    expect(asked.length).toBe(1);
    expect(outcome).toMatchObject({ end: 'time', stdout: '' });
  });

  it('fail where what they say is not JSON or is too large to hand over, and the module goes on', async () => {
    const notJson = await run(callingModule(['crm/search'], 'nothing'), async () => 'never');
    expect(notJson.asked).toEqual([]);
    expect(notJson.outcome.stdout).toMatch(/^-.*JSON/);
    const large = await run(callingModule(['crm/search'], '{}'), async () => 'x'.repeat(9_000_000));
    expect(large.outcome.stdout).toBe('-the answer is too large\n');
  });

  it.each([
    ['an argument beyond its memory', '(i32.const 1024) (i32.const 0x7fffffff)'],
    ['an argument at the very end of what can be named', '(i32.const -1) (i32.const 16)'],
    ['more than a call takes', '(i32.const 0) (i32.const 1048577)'],
  ])('reach nothing by %s', async (_, where) => {
    const text = writeModule(`(if (i32.ge_s (call $t ${where}) (i32.const 0)) (then (call $got)))`, {
      imports: '(import "tools" "crm/search" (func $t (param i32 i32) (result i32)))',
      pages: 20,
    });
    const { asked, outcome } = await run(text, async () => 'never');
    expect(asked).toEqual([]);
    expect(outcome.stdout).toBe('');
  });

  it('have no answer of an earlier call, or another run, before there is one', async () => {
    const early = writeModule(
      '(drop (call $say (i32.const 1) (i32.const 2048) (call $answer (i32.const 2048) (i32.const 4096))))',
      { imports: '(import "chaperone" "answer" (func $answer (param i32 i32) (result i32)))' },
    );
    await run(callingModule(['crm/search'], '{}'), async () => 'of another');
    expect((await run(early, async () => null)).outcome.stdout).toBe('');
  });

  it('are refused by the host as well, even if the thread asks for a tool that was not given', async () => {
    let take: (message: FromWorker) => void = () => {};
    const rooms: SharedArrayBuffer[] = [];
    const post = (message: ToWorker) => {
      if (message.kind === 'prepare') take({ kind: 'ready' });
      if (message.kind !== 'run-wasi') return;
      const room = openAnswer(1_000);
      rooms.push(room);
      take({ kind: 'wasi-call', name: 'bank/pay', json: '{}', room });
      const empty = { exitCode: 0, stdout: new Uint8Array(), stderr: new Uint8Array(), files: [], strangeCalls: 0 };
      take({ kind: 'wasi-ended', ending: { end: 'exit', ...empty } });
    };
    const thread = {
      post: (message: ToWorker) => void setImmediate(post, message),
      onMessage: (listener: typeof take) => {
        take = listener;
      },
      onEnd: () => {},
      terminate: async () => {},
    };
    const pool = new SnippetPool({ start: () => thread, ready: 1 });
    const asked: string[] = [];
    const sizes = { memoryBytes: 1, outputBytes: 1, spaceBytes: 1 };
    const { strangeCalls } = await pool.runWasi({
      run: { module: new Uint8Array(), args: [], stdin: new Uint8Array(), files: [], ...sizes, functions: [] },
      timeMs: 60_000,
      onCall: async (name) => asked.push(name),
    });
    expect({ asked, strangeCalls }).toEqual({ asked: [], strangeCalls: 1 });
    expect(awaitAnswer(rooms[0] as SharedArrayBuffer).failed).toBe(true);
  });
});
