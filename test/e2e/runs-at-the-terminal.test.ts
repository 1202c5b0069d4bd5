import { afterAll, beforeAll, expect, it } from 'vitest';
import { type NotesFolder, newNotesFolder } from './notes-folder.ts';
import { issueToken, type RunningGateway, runAtTerminal, runCommand, startGateway } from './start-gateway.ts';

/** A run that runs away, at the terminal: what it has used, that it is paused, and how it goes on. And a plan over HTTP. */

type Json = Record<string, unknown>;

let notes: NotesFolder;
let gateway: RunningGateway;

beforeAll(async () => {
  notes = await newNotesFolder();
  await notes.edit(
    'version: 1\n',
    'version: 1\nbreakers: { run: { failures: 3, rest: 100ms, onOpen: pause } }\nbudgets: { run: { calls: 10 }, tenant: { callTime: 1h } }\n',
  );
  gateway = await startGateway(notes.folder);
});
afterAll(async () => {
  await gateway.stop();
  await notes.dispose();
});

async function post(path: string, token: string, body: Json): Promise<{ status: number; body: Json }> {
  const response = await fetch(`${gateway.origin}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Json };
}

async function cli(...args: string[]): Promise<{ code: number | null; value: Json }> {
  const { code, stdout } = await runCommand(notes.folder, ['--json', ...args]);
  return { code, value: JSON.parse(stdout.trimEnd().split('\n')[0] ?? '{}') as Json };
}

it('shows what a run has used, and lets one go on that was paused', async () => {
  const host = await issueToken(notes.folder, 'host', 'host');
  const started = await post('/v1/runs', host, {
    agent: 'agent',
    task: 'notes',
    prompt: [{ kind: 'user', text: 'send hello to a@example.com' }],
  });
  const { id: runId } = started.body['run'] as { id: string };
  const agent = String(started.body['token']);
  const read = () => post('/v1/calls', agent, { tool: 'notes/read_note', arguments: { id: '1' } });
  expect((await read()).body).toMatchObject({ status: 'completed' });

  const live = await cli('status', '--run', runId);
  expect(live.value).toMatchObject({ run: runId, agent: 'agent', state: 'live', pausedFor: null });
  expect(live.value['budgets']).toContainEqual(expect.objectContaining({ kind: 'calls', used: 1, max: 10 }));
  const time = (live.value['budgets'] as { kind: string; whose: string; used: number }[]).find(
    ({ kind }) => kind === 'callTime',
  );
  expect(time).toMatchObject({ whose: 'everybody', max: 3_600_000, windowMs: 86_400_000, advisory: false });
  expect(time?.used).toBeGreaterThan(0);

  const send = { tool: 'notes/send_note', arguments: { to: 'a@example.com', body: 'hello' } };
  const planned = await post(`/v1/runs/${runId}/plans`, agent, { calls: [send] });
  expect(planned).toMatchObject({ status: 202, body: { status: 'pending', approvals: [expect.any(String)] } });
  const refused = await post(`/v1/runs/${runId}/plans`, agent, {
    calls: [send, { tool: 'notes/erase_notes', arguments: {} }],
  });
  expect(refused).toMatchObject({ status: 403, body: { error: { code: 'E_DENIED', detail: '/calls/1' } } });
  expect(await notes.done(), 'nothing of it ran').toEqual([]);

  for (let i = 0; i < 3; i++) await post('/v1/calls', agent, { tool: 'notes/read_note', arguments: { id: 7 } });
  expect((await cli('status', '--run', runId)).value).toMatchObject({
    state: 'paused',
    pausedFor: expect.stringContaining('breaker'),
  });
  expect((await cli('status')).value['breakers']).toMatchObject([
    { scope: `run:default/${runId}`, state: 'open', failures: 3 },
  ]);
  await expect
    .poll(async () => (await read()).body['error'], { timeout: 30_000 })
    .toMatchObject({ code: 'E_RUN_PAUSED' });
  const resume = ['resume', '--run', runId, '--reason', 'looked at it'];
  // No program lets it go on, whoever runs it.
  expect(await cli(...resume)).toMatchObject({ code: 3, value: { error: { code: 'E_RESUME_PRESENCE' } } });
  expect((await read()).body['error']).toMatchObject({ code: 'E_RUN_PAUSED' });
  expect(await runAtTerminal(notes.folder, resume)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`run:${runId} was paused, and goes on`),
  });
  await expect.poll(async () => (await read()).body['status'], { timeout: 30_000 }).toBe('completed');
  expect(await cli('status', '--run', 'run_none')).toMatchObject({ value: { error: { code: 'E_RUN_UNKNOWN' } } });
});
