import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandPermissions } from '../../src/cli/command-permissions.ts';
import { type NotesFolder, newNotesFolder } from './notes-folder.ts';
import { type CommandResult, main, type RunningGateway, root, runCommand, startGateway } from './start-gateway.ts';

/** Accounts from the terminal to the browser: the first admin, roles of the command line, and who resumes what. */

let notes: NotesFolder;
let gateway: RunningGateway;
type Json = Record<string, unknown>;
const PASSWORD = 'a horse on the stairs';
const local = userInfo().username;

beforeAll(async () => {
  notes = await newNotesFolder();
  // Who was made by whom, and when, is tested elsewhere; here they are taken for whom they say they are.
  await notes.edit('version: 1\n', 'version: 1\npeople: { settling: 0s }\napprovals: { presence: [session] }\n');
  gateway = await startGateway(notes.folder);
});
afterAll(async () => {
  await gateway.stop();
  await notes.dispose();
});

const run = (...args: string[]): Promise<CommandResult> => runCommand(notes.folder, ['--json', ...args]);
async function runJson(...args: string[]): Promise<Json> {
  const { stdout, stderr } = await run(...args);
  try {
    return JSON.parse(stdout.trimEnd()) as Json;
  } catch {
    throw new Error(stderr);
  }
}

/** With something on stdin. */
function runWith(input: string, ...args: string[]): Promise<number | null> {
  const child = spawn(process.execPath, [main, ...args], { cwd: notes.folder, stdio: ['pipe', 'ignore', 'ignore'] });
  child.stdin.end(input);
  return new Promise((resolve) => child.once('close', resolve));
}

async function post(path: string, body: Json, token?: string): Promise<{ status: number; body: Json; code: unknown }> {
  const response = await fetch(`${gateway.origin}${path}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as Json;
  return { status: response.status, body: answer, code: (answer['error'] as Json | undefined)?.['code'] };
}

const signIn = async (name: string) => String((await post('/v1/sign-in', { name, password: PASSWORD })).body['token']);

describe('accounts', () => {
  it('begin at the terminal: nothing over HTTP makes the first admin', async () => {
    expect((await post('/v1/people', { name: 'mallory', roles: ['admin'] })).status).toBe(401);
    const token = (await run('token', '--kind', 'person', '--name', 'mallory')).stdout.trim();
    const signed = String((JSON.parse(token) as Json)['token']);
    expect((await post('/v1/people', { name: 'mallory', roles: ['admin'] }, signed)).code).toBe('E_ROLE_MISSING');

    const made = await runJson('people', 'add', 'ana', '--role', 'admin', 'approver');
    expect(made).toMatchObject({ name: 'ana', roles: ['approver', 'admin'], code: expect.any(String) });
    const first = await post('/v1/sign-in/enrolment', { code: made['code'] });
    expect(first.status).toBe(200);
    const fresh = String(first.body['token']);
    expect((await post('/v1/me/password', { password: PASSWORD }, fresh)).status).toBe(200);
    expect((await post('/v1/sign-in', { name: 'ana', password: 'wrong' })).code).toBe('E_SIGN_IN');
    const session = await signIn('ana');
    expect((await post('/v1/people', { name: 'bo', roles: ['operator'] }, session)).status).toBe(201);
    expect(await runWith(`${PASSWORD}\n`, 'people', 'password', 'bo')).toBe(0);
    expect((await post('/v1/people', { name: 'cy', roles: ['viewer'] }, await signIn('bo'))).code).toBe(
      'E_ROLE_MISSING',
    );
    const listed = (await runJson('people', 'list')) as unknown as Json[];
    expect(listed.map(({ name }) => name)).toEqual(['ana', 'bo']);
  });

  it('are one person in the browser and at the terminal, where they may be tied together', async () => {
    expect((await run('people', 'role', 'bo', 'operator', 'admin', '--local-user', local)).code).toBe(0);
    const stopped = await run('stop', '--agent', 'agent', '--reason', 'odd');
    expect(stopped.code, stopped.stderr).toBe(0);
    expect((await post('/v1/resume', { agent: 'agent', reason: 'me again' }, await signIn('bo'))).code).toBe(
      'E_SECOND_PERSON',
    );
    const looked = { agent: 'agent', reason: 'looked', seen: '1' };
    const token = String((await runJson('token', '--kind', 'person', '--name', 'ana'))['token']);
    expect(await post('/v1/resume', looked, token)).toMatchObject({ status: 403, code: 'E_RESUME_PRESENCE' });
    expect((await post('/v1/resume', looked, await signIn('ana'))).status).toBe(200);
  });

  it('say where the configuration lets one person be two', async () => {
    const { weakenings, handled } = (await runJson('status')) as { weakenings: Json[]; handled: Json[] };
    expect(weakenings).toMatchObject([{ place: 'approvals.presence' }, { place: 'people.settling' }]);
    const doctor = (await run('doctor')).stdout;
    expect(doctor).toContain('people.settling');
    // Whoever owns the data folder can make a token in any name: who did stands there as long as it is good.
    expect(handled).toContainEqual(
      expect.objectContaining({ name: 'mallory', by: `local:${local}`, what: 'token', until: expect.any(String) }),
    );
    expect(doctor).toContain(`mallory by local:${local} until`);
  });

  it('hold the command line to their roles as well', async () => {
    const session = await signIn('ana');
    expect((await post('/v1/people/bo', { roles: ['viewer'] }, session)).status).toBe(200);
    for (const args of [
      ['stop', '--all', '--reason', 'x'],
      ['people', 'add', 'mallory', '--role', 'admin'],
      ['token', '--kind', 'person'],
      ['approvals', 'approve', 'apr_1'],
      ['policy', 'revert'],
    ]) {
      const refused = await run(...args);
      expect(JSON.parse(refused.stdout), args.join(' ')).toMatchObject({ error: { code: 'E_ROLE_MISSING' } });
    }
    expect((await run('status')).code).toBe(0);
    expect((await post('/v1/people/bo', { disabled: true }, session)).status).toBe(200);
    expect((await run('status')).code).toBe(3);
    expect((await post('/v1/people/bo', { disabled: false, roles: ['admin'] }, session)).status).toBe(200);
    expect((await run('status')).code).toBe(0);
  });

  it('name a deputy at a terminal, or freshly signed in, and no program does it for them', async () => {
    expect((await run('people', 'role', 'bo', 'admin', 'approver')).code).toBe(0);
    const byProgram = await run('approvals', 'delegate', 'cy', '--for', '8h');
    expect(byProgram).toMatchObject({ code: 3 });
    expect(JSON.parse(byProgram.stdout)).toMatchObject({ error: { code: 'E_DEPUTY_PRESENCE' } });
    expect(byProgram.stdout).toContain('approvals delegate');
    const key = String((await runJson('people', 'key', 'ana', '--role', 'approver', '--name', 'k'))['secret']);
    expect((await post('/v1/duties', { to: 'bo', for: '8h' }, key)).code).toBe('E_FRESH_SIGN_IN');
    expect((await post('/v1/duties', { to: 'bo', for: '8h' }, await signIn('ana'))).status).toBe(200);
  });

  it('that are not there are a failure, whatever is asked of them', async () => {
    for (const args of [
      ['people', 'sessions', 'nobody'],
      ['people', 'enrol', 'nobody'],
      ['people', 'role', 'nobody', 'viewer'],
      ['people', 'disable', 'nobody'],
      ['people', 'key', 'nobody', '--role', 'viewer', '--name', 'k'],
      ['people', 'revoke', 'nobody'],
      ['people', 'revoke', 'key_none'],
      ['approvals', 'show', 'apr_none'],
    ]) {
      const { code, stdout } = await run(...args);
      expect({ code, answer: JSON.parse(stdout) as Json }, args.join(' ')).toMatchObject({
        code: 1,
        answer: { error: { code: 'E_NOT_FOUND' } },
      });
    }
    const known = await run('people', 'sessions', 'ana');
    expect(known.code).toBe(0);
  });

  it('have keys that are shown once and worth nothing when revoked', async () => {
    const issued = await runJson('people', 'key', 'ana', '--role', 'approver', '--name', 'ci');
    const secret = String(issued['secret']);
    const read = async () =>
      (await fetch(`${gateway.origin}/v1/approvals`, { headers: { authorization: `Bearer ${secret}` } })).status;
    expect(await read()).toBe(200);
    expect((await run('people', 'keys')).stdout).not.toContain(secret);
    expect((await run('people', 'revoke', String(issued['id']))).code).toBe(0);
    expect(await read()).toBe(401);
  });

  it('are asked for by every command there is, and by no other', async () => {
    const text = await readFile(join(root, 'docs', 'cli.md'), 'utf8');
    const titles = [...text.matchAll(/^### `chaperone ([^`]+)`$/gm)].map((match) => match[1] ?? '');
    const leaves = titles.filter((title) => !titles.some((other) => other.startsWith(`${title} `)));
    expect(Object.keys(commandPermissions).sort()).toEqual([...leaves].sort());
  });
});
