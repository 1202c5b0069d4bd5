import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type NotesFolder, newNotesFolder } from './notes-folder.ts';
import { issueToken, type RunningGateway, runCommand, startGateway } from './start-gateway.ts';

/** Stopping and letting back, by every way there is, with two real gateways on one data folder. */

let notes: NotesFolder;
let gateways: RunningGateway[];
let agent: string;
let ana: string;
let bo: string;
let data: string;

type Json = Record<string, unknown>;

async function post(path: string, token: string, body: Json, which = 0): Promise<{ status: number; body: Json }> {
  const response = await fetch(`${gateways[which]?.origin}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Json };
}

/** What a call through one of the gateways comes to: `completed`, or its code. */
async function call(which: number, tool = 'notes/read_note', args: Json = { id: '1' }): Promise<unknown> {
  const { body } = await post('/v1/calls', agent, { tool, arguments: args }, which);
  return body['status'] ?? (body['error'] as Json)['code'];
}

async function cli(...args: string[]): Promise<{ code: number | null; value: Json; stderr: string }> {
  const { code, stdout, stderr } = await runCommand(notes.folder, ['--json', ...args]);
  return { code, value: JSON.parse(stdout.trimEnd().split('\n')[0] ?? '{}') as Json, stderr };
}

/** Lets back what is stopped, as somebody who has looked at it. */
async function letBack(token: string, target: Json, more: Json = {}): Promise<{ status: number; body: Json }> {
  const scopes = {
    agent: `agent:default/${target['agent']}`,
    tool: `tool:default/${target['tool']}`,
    server: 'server:default/notes',
  };
  const scope = scopes[Object.keys(target)[0] as keyof typeof scopes] ?? 'all';
  const response = await fetch(`${gateways[0]?.origin}/v1/isolations`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const { isolations, switches } = (await response.json()) as Record<'isolations' | 'switches', Json[]>;
  const seen = [...isolations, ...switches].find((each) => each['scope'] === scope)?.['seen'];
  const answer = await post('/v1/resume', token, { ...target, seen, reason: 'looked', ...more });
  // A gateway has recorded the file just then: whoever lets it back looks once more.
  const isUnseen = (answer.body['error'] as Json | undefined)?.['code'] === 'E_STOP_UNSEEN';
  return isUnseen ? letBack(token, target, more) : answer;
}

beforeAll(async () => {
  notes = await newNotesFolder();
  // Tokens stand for people here; what roles are for is tested with accounts.
  await notes.edit(
    'version: 1\n',
    'version: 1\npeople: { tokens: [approver, security], settling: 0s }\napprovals: { presence: [token, session] }\n',
  );
  gateways = [await startGateway(notes.folder), await startGateway(notes.folder)];
  agent = await issueToken(notes.folder, 'agent', 'agent');
  ana = await issueToken(notes.folder, 'person', 'ana');
  bo = await issueToken(notes.folder, 'person', 'bo');
  data = String((await cli('status')).value['data']);
});
afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  await notes.dispose();
});

describe('stop and resume', () => {
  it('works from the command line, for every gateway at once, and takes a second person to end', async () => {
    const slow = post('/v1/calls', agent, { tool: 'notes/count_slowly', arguments: { to: 500 } });
    const asked = await post('/v1/calls', agent, {
      tool: 'notes/send_note',
      arguments: { to: 'a@example.com', body: 'x' },
    });
    expect(asked.body).toMatchObject({ status: 'pending' });
    const preview = async () => (await cli('stop', '--agent', 'agent', '--reason', 'look', '--preview')).value;
    await expect.poll(async () => ((await preview())['inFlight'] as unknown[]).length, { timeout: 60_000 }).toBe(1);
    expect(await call(1)).toBe('completed');

    const stopped = await cli('stop', '--agent', 'agent', '--reason', 'it mails strangers');

    expect(stopped.code, stopped.stderr).toBe(0);
    expect(stopped.value).toMatchObject({
      scope: 'agent:default/agent',
      stopped: true,
      inFlight: [{ tool: 'notes/count_slowly', agent: 'agent' }],
      approvals: 1,
      effect: { gateways: 2, missing: [], seenMs: expect.any(Number) },
    });
    expect([await call(0), await call(1)]).toEqual(['E_ISOLATED', 'E_ISOLATED']);
    const { approval } = asked.body as { approval: { id: string } };
    expect((await post(`/v1/approvals/${approval.id}/answer`, ana, { approve: true })).body).toMatchObject({
      error: { code: 'E_APPROVAL_USED' },
    });
    expect((await slow).body, 'what was in flight is not recalled').toMatchObject({ status: 'completed' });

    const same = await cli('resume', '--agent', 'agent', '--reason', 'looked at it');
    expect(same).toMatchObject({ code: 3, value: { error: { code: 'E_SECOND_PERSON' } } });
    expect(await call(0)).toBe('E_ISOLATED');
    for (const seen of [{}, { seen: '0' }])
      expect(await post('/v1/resume', ana, { agent: 'agent', reason: 'not looked', ...seen })).toMatchObject({
        status: 409,
        body: { error: { code: 'E_STOP_UNSEEN' } },
      });
    expect((await letBack(ana, { agent: 'agent' })).status).toBe(200);
    expect([await call(0), await call(1)]).toEqual(['completed', 'completed']);
    expect(await cli('resume', '--agent', 'agent', '--reason', 'again')).toMatchObject({
      code: 1,
      value: { error: { code: 'E_NOT_ISOLATED' } },
    });
  });

  it('works over HTTP, and an incident ends only with its cause and what was changed', async () => {
    const stopped = await post('/v1/stop', ana, { tool: 'notes/read_note', reason: 'leaks', incident: true }, 1);
    expect(stopped).toMatchObject({ status: 200, body: { scope: 'tool:default/notes/read_note', stopped: true } });
    expect([await call(0), await call(1)]).toEqual(['E_ISOLATED', 'E_ISOLATED']);
    const bare = { tool: 'notes/read_note', reason: 'fixed' };
    expect((await post('/v1/resume', ana, { ...bare, cause: 'c', control: 'd' })).body).toMatchObject({
      error: { code: 'E_SECOND_PERSON' },
    });
    expect(await letBack(bo, { tool: 'notes/read_note' }, { cause: 'a field too many' })).toMatchObject({
      status: 422,
      body: { error: { code: 'E_INCIDENT_OPEN' } },
    });
    const settled = { cause: 'a field too many crossed', control: '`fields` of the tool' };
    expect((await letBack(bo, { tool: 'notes/read_note' }, settled)).status).toBe(200);
    expect(await call(0)).toBe('completed');
  });

  it('stops what the configuration does not name, and says that it may be spelt wrong', async () => {
    const typo = await cli('stop', '--agent', 'agnet', '--reason', 'it mails strangers');
    expect(typo).toMatchObject({ code: 0, value: { scope: 'agent:default/agnet', stopped: true } });
    expect(typo.stderr).toContain('spelt');
    expect((await letBack(bo, { agent: 'agnet' })).status).toBe(200);
    const right = await cli('stop', '--agent', 'agent', '--reason', 'it mails strangers');
    expect(right.stderr).not.toContain('spelt');
    expect((await letBack(bo, { agent: 'agent' })).status).toBe(200);
  });

  it('refuses what names nothing, or more than one thing', async () => {
    for (const args of [[], ['--agent', 'a*'], ['--all', '--run', 'run_1'], ['--tool', 'notes'], ['--agent', '']]) {
      expect((await cli('stop', ...args, '--reason', 'x')).code, args.join(' ')).toBe(2);
    }
    for (const body of [{}, { agent: 'a', run: 'b' }, { agent: 'a*' }, { server: 'a/b' }]) {
      expect((await post('/v1/stop', ana, { ...body, reason: 'x' })).status, JSON.stringify(body)).toBe(400);
    }
    expect((await post('/v1/stop', ana, { run: 'run_none', reason: 'x' })).status).toBe(404);
    expect((await post('/v1/stop', agent, { all: true, reason: 'x' })).status).toBe(403);
    expect(await call(0)).toBe('completed');
  });

  it('works by a file while no store is asked, and needs a person to end it as well', async () => {
    const stopped = await cli('stop', '--server', 'notes', '--reason', 'the store is stuck', '--file');
    expect(stopped).toMatchObject({ code: 0, value: { stopped: true, file: expect.stringContaining('stop.d') } });
    expect([await call(0), await call(1)]).toEqual(['E_ISOLATED', 'E_ISOLATED']);
    const isolated = async () => ((await cli('status')).value['isolations'] as Json[]).map(({ scope }) => scope);
    await expect.poll(isolated, { timeout: 60_000 }).toEqual(['server:default/notes']);
    // That somebody takes the file away ends nothing.
    await rm(String(stopped.value['file']));
    expect([await call(0), await call(1)]).toEqual(['E_ISOLATED', 'E_ISOLATED']);
    expect((await letBack(bo, { server: 'notes' })).status).toBe(200);
    expect([await call(0), await call(1)]).toEqual(['completed', 'completed']);
  });

  it('takes the file away with the stop it made', async () => {
    await writeFile(join(data, 'STOP'), '');
    expect([await call(0), await call(1)]).toEqual(['E_ISOLATED', 'E_ISOLATED']);
    expect((await letBack(bo, { all: true })).status).toBe(200);
    expect([await call(0), await call(1)]).toEqual(['completed', 'completed']);
    expect((await readdir(data)).filter((name) => /stop\b|withdrawn/i.test(name))).toEqual(['stop.d']);
  });

  it('stays stopped by a file that is none, until somebody has looked at it', async () => {
    await mkdir(join(data, 'STOP'));
    expect(await call(0)).toBe('E_ISOLATED');
    expect((await letBack(bo, { all: true })).body).toMatchObject({
      error: { code: 'E_SWITCH_THROWN' },
    });
    await rm(join(data, 'STOP'), { recursive: true });
    expect(await call(0), 'it is in the record by now').toBe('E_ISOLATED');
    expect((await letBack(bo, { all: true })).status).toBe(200);
    expect(await call(0)).toBe('completed');
  });

  it('leaves a record of who stopped what, why, and how long it took', async () => {
    const { stdout } = await runCommand(notes.folder, ['--json', 'tail', '--no-follow', '-n', '1000']);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; body: Json });
    const changes = events.filter(({ kind }) => kind === 'isolation.changed').map(({ body }) => body);
    expect(changes).toContainEqual(
      expect.objectContaining({ isolated: true, by: expect.stringMatching(/^local:/), reason: 'it mails strangers' }),
    );
    expect(changes).toContainEqual(
      expect.objectContaining({ isolated: false, by: 'bo', cause: 'a field too many crossed', presence: 'token' }),
    );
    expect(changes).toContainEqual(expect.objectContaining({ isolated: true, scope: 'all', presence: 'file' }));
    const effects = events.filter(({ kind }) => kind === 'isolation.effective').map(({ body }) => body);
    // Every stop, also those that files alone made, which gateways record.
    const stops = changes.filter(({ isolated }) => isolated === true);
    expect(effects.map(({ scope }) => scope).sort()).toEqual(stops.map(({ scope }) => scope).sort());
    const byFile = stops.filter(({ presence }) => presence === 'file').map(({ scope }) => scope);
    expect(byFile).toEqual(['server:default/notes', 'all', 'all']);
    const measured = effects.filter(({ fileMs }) => typeof fileMs === 'number' && fileMs >= 0);
    expect(measured.map(({ scope }) => scope)).toEqual(byFile);
    for (const effect of effects) expect(effect).toMatchObject({ gateways: 2, missing: [] });
  });
});
