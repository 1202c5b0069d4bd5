import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CANARY_AGENT } from '../../src/model/canary.ts';
import { VERIFIER } from '../../src/runtime/verifier.ts';
import { type NotesFolder, newNotesFolder } from '../e2e/notes-folder.ts';
import { issueToken, type RunningGateway, runCommand, startGateway } from '../e2e/start-gateway.ts';

/**
 * Over HTTP, against two real gateways on one data folder: answers that nobody present gave, that are used twice, or that
 * somebody else may not give; and names that are Chaperone's own.
 */

type Json = Record<string, unknown>;
const START = { agent: 'agent', task: 'notes', prompt: [{ kind: 'user', text: 'send notes' }] };

let notes: NotesFolder;
let gateways: readonly RunningGateway[];
let agent: string;
let host: string;
let ana: string;

beforeAll(async () => {
  notes = await newNotesFolder();
  await notes.edit('version: 1\n', 'version: 1\npeople: { tokens: [approver] }\napprovals: { presence: [token] }\n');
  gateways = await Promise.all([startGateway(notes.folder), startGateway(notes.folder)]);
  host = await issueToken(notes.folder, 'host', 'host');
  // Of one run, which both gateways know: without one each would start its own.
  agent = String((await post('/v1/runs', host, START)).body['token']);
  ana = await issueToken(notes.folder, 'person', 'ana');
}, 120_000);
afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  await notes.dispose();
});

async function post(path: string, token: string, body: Json, which = 0): Promise<{ status: number; body: Json }> {
  const response = await fetch(`${gateways[which]?.origin}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Json };
}
const codeOf = ({ body }: { readonly body: Json }) => (body['error'] as Json | undefined)?.['code'] ?? body['status'];
const addressOf = (what: string) => `${what.replaceAll(' ', '-')}@example.com`;
const send = (what: string) => ({ tool: 'notes/send_note', arguments: { to: addressOf(what), body: 'x' } });
async function ask(body: string): Promise<string> {
  const { body: asked } = await post('/v1/calls', agent, send(body));
  return (asked['approval'] as { id: string }).id;
}
const sent = async (what: string) =>
  (await notes.done()).filter((line) => line === `sent to ${addressOf(what)}`).length;

describe('an answer', () => {
  it('that is used at once through two gateways, many times, lets the call run once', async () => {
    const id = await ask('double');
    expect((await post(`/v1/approvals/${id}/answer`, ana, { approve: true })).status).toBe(200);
    const used = await Promise.all(
      Array.from({ length: 24 }, (_, i) => post('/v1/calls', agent, { tool: 'notes/send_note', approval: id }, i % 2)),
    );
    const codes = used.map(codeOf);
    expect(codes.filter((code) => code === 'completed')).toHaveLength(1);
    expect(new Set(codes)).toEqual(new Set(['completed', 'E_APPROVAL_USED']));
    expect(await sent('double')).toBe(1);
  });

  it('that is yes and no at once, through two gateways, is one of the two', async () => {
    for (let round = 0; round < 4; round++) {
      const id = await ask(`both ${round}`);
      const answers = await Promise.all(
        Array.from({ length: 6 }, (_, i) =>
          post(`/v1/approvals/${id}/answer`, ana, { approve: i % 2 === round % 2 }, i % 2),
        ),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(new Set(answers.filter(({ status }) => status !== 200).map(codeOf))).toEqual(new Set(['E_APPROVAL_USED']));
    }
  });

  it('is not given by whoever asks, nor for arguments that were not asked about', async () => {
    const id = await ask('alone');
    expect(codeOf(await post(`/v1/approvals/${id}/answer`, agent, { approve: true }))).toBe('E_ROLE_MISSING');
    expect(codeOf(await post(`/v1/approvals/${id}/answer`, host, { approve: true }))).toBe('E_ROLE_MISSING');
    expect((await post(`/v1/approvals/${id}/answer`, ana, { approve: true })).status).toBe(200);
    const other = { ...send('something else'), approval: id };
    expect(codeOf(await post('/v1/calls', agent, other, 1))).toBe('E_APPROVAL_ARGS_CHANGED');
    expect(await sent('something else')).toBe(0);
  });

  it('is not made somebody else’s duty by a token, nor by whoever is no person', async () => {
    const duty = { to: 'mallory', for: '8h' };
    expect(codeOf(await post('/v1/duties', ana, duty))).toBe('E_FRESH_SIGN_IN');
    for (const token of [agent, host]) expect(codeOf(await post('/v1/duties', token, duty))).toBe('E_ROLE_MISSING');
  });

  it('is asked for once by a plan in a run of one’s own, and in nobody else’s', async () => {
    const mine = (await post('/v1/runs', host, START)).body;
    const theirs = (await post('/v1/runs', host, START)).body['run'] as { id: string };
    const token = String(mine['token']);
    const plan = { calls: [send('planned')] };
    expect(codeOf(await post(`/v1/runs/${theirs.id}/plans`, token, plan))).toBe('E_RUN_UNKNOWN');
    expect(codeOf(await post(`/v1/runs/${theirs.id}/plans`, ana, plan))).toBe('E_ROLE_MISSING');
    const own = mine['run'] as { id: string };
    const planned = (await post(`/v1/runs/${own.id}/plans`, token, plan)).body;
    const [approval] = planned['approvals'] as string[];
    expect(codeOf(await post('/v1/calls', token, send('planned'), 1))).toBe('pending');
    expect((await post(`/v1/approvals/${approval}/answer`, ana, { approve: true })).status).toBe(200);
    const runs = await Promise.all([0, 1, 0, 1].map((which) => post('/v1/calls', token, send('planned'), which)));
    expect(runs.map(codeOf).filter((code) => code === 'completed')).toHaveLength(1);
    expect(await sent('planned')).toBe(1);
  });
});

describe('a name of Chaperone’s own', () => {
  it.each([CANARY_AGENT, VERIFIER])('%s is nobody’s to have', async (name) => {
    expect((await runCommand(notes.folder, ['token', '--kind', 'agent', '--name', name])).code).not.toBe(0);
    expect(codeOf(await post('/v1/runs', host, { ...START, agent: name }))).toBe('E_REQUEST_INVALID');
  });

  it('is no tool of anybody’s', async () => {
    expect(codeOf(await post('/v1/calls', agent, { tool: 'chaperone/canary', arguments: {} }))).toBe('E_TOOL_UNKNOWN');
  });
});
