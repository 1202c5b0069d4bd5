import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type NotesFolder, newNotesFolder } from './notes-folder.ts';
import { issueToken, type RunningGateway, runCommand, startGateway } from './start-gateway.ts';

let notes: NotesFolder;
let gateway: RunningGateway;
let runId: string;
let firstCall: string;
let sent: string;
let sentIn: string;

const run = (...args: string[]) => runCommand(notes.folder, args);
const runJson = async (...args: string[]) => {
  const { code, stdout, stderr } = await run('--json', ...args);
  return { code, stderr, value: JSON.parse(stdout.split('\n')[0] ?? '') as Record<string, unknown> };
};

beforeAll(async () => {
  notes = await newNotesFolder();
  gateway = await startGateway(notes.folder);
  const token = await issueToken(notes.folder, 'agent', 'agent');
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  for (const [tool, args] of [
    ['notes/send_note', { to: 'bob@example.com', body: 'hello' }],
    ['notes/nothing', {}],
  ] as const) {
    await fetch(`${gateway.origin}/v1/calls`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ tool, arguments: args }),
    });
  }
  const { stdout } = await run('--json', 'tail', '--no-follow');
  const events = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { id?: string; kind?: string; runId?: string });
  runId = events.findLast((event) => event.runId !== undefined)?.runId ?? '';
  const asked = events.find(({ kind }) => kind === 'call.asked');
  sent = asked?.id ?? '';
  sentIn = asked?.runId ?? '';
  firstCall = events.find((event) => event.runId === runId && event.kind?.startsWith('call.'))?.id ?? '';
});
afterAll(async () => {
  await gateway.stop();
  await notes.dispose();
});

describe('chaperone replay', () => {
  it('decides a run again, and says that every decision is the one on record', async () => {
    const { code, stdout, stderr } = await run('replay', runId);
    expect(stderr).not.toContain('E_');
    expect(code).toBe(0);
    expect(stdout).toContain(runId);
  });

  it('shows what the run was at an event, and what it had in front of it', async () => {
    const { code, value } = await runJson('replay', runId, '--at', firstCall);
    expect(code).toBe(0);
    expect(value).toMatchObject({
      event: { id: firstCall },
      state: { label: { integrity: 'trusted' }, used: { calls: 0 }, reported: { tokens: 0 }, pausedFor: null },
      context: [],
    });
    const { stdout } = await run('replay', runId, '--at', firstCall);
    expect(stdout).toContain('what had been said, read and answered by then');
  });

  it('says what other rules would have decided', async () => {
    const candidate = (await readFile(notes.config, 'utf8')).replace(
      '    deny:\n',
      '    deny:\n      - notes/send_note\n',
    );
    await writeFile(join(notes.folder, 'stricter.yaml'), candidate);
    const { code, value } = await runJson('replay', sentIn, '--at', sent, '--policy', 'stricter.yaml');
    expect(code).toBe(0);
    expect(value).toMatchObject({
      decision: { kind: 'same', again: { verdict: 'ask' } },
      candidate: { verdict: 'deny' },
    });
    const { stdout } = await run('replay', sentIn, '--policy', 'stricter.yaml');
    expect(stdout).toMatch(/decided again: ask, as recorded[\s\S]*the other rules: deny/);
  });

  it('exits 1 for a run that is not on record', async () => {
    expect((await run('replay', 'run_none')).code).toBe(1);
  });
});

describe('chaperone policy', () => {
  it('finds nothing wrong with the rules in force, and no difference from themselves', async () => {
    expect(await run('policy', 'lint')).toMatchObject({ code: 0 });
    expect(await run('policy', 'diff')).toMatchObject({ code: 0 });
    expect(await run('policy', 'backtest')).toMatchObject({ code: 0 });
  });
});

describe('chaperone evidence export', () => {
  it('writes an archive beside a gateway that runs, which is verified with the key alone', async () => {
    const [key] = (await run('evidence', 'keys')).stdout.trim().split('\n');
    let exported = await run('evidence', 'export', '--run', runId, '--out', 'run.tar');
    // What no checkpoint covers yet is covered within a second.
    for (let i = 0; i < 20 && !/has [1-9]/.test(exported.stdout); i++) {
      exported = await run('evidence', 'export', '--run', runId, '--out', `run-${i}.tar`);
    }
    expect(exported).toMatchObject({ code: 0 });
    const file = /^(\S+) has/.exec(exported.stdout)?.[1] ?? '';
    const verified = await run('evidence', 'verify', join(notes.folder, file), '--key', key ?? '');
    expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining(`run ${runId}`) });
    expect((await run('evidence', 'export', '--out', 'none.tar')).code).toBe(2);
  });
});

describe('chaperone outbox', () => {
  it('says that nobody was ever told, and knows no sink that is not there', async () => {
    expect(await run('outbox', 'list')).toMatchObject({ code: 0, stderr: expect.stringContaining('telemetry.sinks') });
    expect((await run('outbox', 'send', 'soc')).code).toBe(1);
    expect((await run('outbox', 'drop', 'soc', '1')).code).toBe(1);
  });
});

describe('chaperone cred', () => {
  it('lists what is kept, which is nothing at first', async () => {
    const listed = await runJson('cred', 'list');
    expect(listed.code).toBe(0);
  });
});
