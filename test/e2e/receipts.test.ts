import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { createChaperone } from '../../src/index.ts';
import { type NotesFolder, newNotesFolder } from './notes-folder.ts';
import { connectClient, issueToken, type RunningGateway, runCommand, startGateway } from './start-gateway.ts';
import { until } from './telemetry/receivers.ts';

let notes: NotesFolder;
let gateway: RunningGateway;
let elsewhere: string;

beforeAll(async () => {
  notes = await newNotesFolder();
  gateway = await startGateway(notes.folder);
  elsewhere = await mkdtemp(join(tmpdir(), 'chaperone-receipts-'));
});
afterAll(async () => {
  await gateway.stop();
  await notes.dispose();
  await rm(elsewhere, { recursive: true, force: true });
});

interface Receipt {
  readonly status: string;
  readonly callId: string;
  readonly event: string;
  readonly seq: number;
  readonly proof?: string;
}

async function send(token: string, path: string, body?: object) {
  const response = await fetch(`${gateway.origin}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const proved = (token: string, callId: string) =>
  until(`the receipt of ${callId}`, async () => {
    const { status, body } = await send(token, `/v1/calls/${callId}/receipt`);
    const receipt = body as unknown as Receipt;
    expect([200, 202]).toContain(status);
    expect(receipt.proof === undefined).toBe(status === 202);
    return status === 200 ? receipt : undefined;
  });

/** On a machine that has nothing but the proof and the public key. */
async function verify(proof: string, key: string) {
  await writeFile(join(elsewhere, 'receipt.tlog-proof'), proof);
  const found = await runCommand(elsewhere, ['evidence', 'verify', 'receipt.tlog-proof', '--key', key, '--json']);
  expect(found).toMatchObject({ code: 0, stderr: '' });
  return JSON.parse(found.stdout) as { seq: number; event?: Record<string, unknown> };
}

it('callers of every door get one with their answer, which proves offline what became of the call', async () => {
  const agent = await issueToken(notes.folder, 'agent', 'agent');
  const stranger = await issueToken(notes.folder, 'agent', 'another');
  const person = await issueToken(notes.folder, 'person', 'ana');
  const key = (await runCommand(notes.folder, ['evidence', 'keys'])).stdout.trim();

  const called = await send(agent, '/v1/calls', { tool: 'notes/read_note', arguments: { id: 'secret words' } });
  const refused = await send(agent, '/v1/calls', { tool: 'notes/no_such_tool', arguments: {} });
  const { error } = refused.body as { error: { callId: string; receipt: { event: string; seq: number } } };
  const client = await connectClient(gateway.origin, agent);
  const { _meta: meta } = await client.callTool({ name: 'read_note', arguments: { id: 'by MCP' } });
  await client.close();
  const byMcp = meta?.['chaperone/receipt'] as { call: string; event: string; seq: number };

  const given = [
    { callId: String(called.body['callId']), ...(called.body['receipt'] as { event: string; seq: number }) },
    { callId: error.callId, ...error.receipt },
    { callId: byMcp.call, event: byMcp.event, seq: byMcp.seq },
  ];
  for (const { callId, event, seq } of given) {
    const receipt = await proved(agent, callId);
    expect(receipt).toMatchObject({ status: 'proved', callId, event, seq });
    const shown = await verify(receipt.proof ?? '', key);
    expect(shown).toMatchObject({ seq, event: { id: event, callId, agent: 'agent' } });
    expect(JSON.stringify(shown), 'what was said is sealed').not.toContain('secret words');
    expect((await send(stranger, `/v1/calls/${callId}/receipt`)).status).toBe(404);
    expect((await send(person, `/v1/calls/${callId}/receipt`)).status).toBe(200);
  }
  expect((await send(agent, '/v1/calls/call_none/receipt')).status).toBe(404);
  const { stdout } = await runCommand(notes.folder, ['tail', '--no-follow', '--json', '--last', '100']);
  expect(
    stdout.split('\n').filter((line) => line.includes('"record.read"') && line.includes('receipt call_')),
  ).not.toEqual([]);
});

it('the SDK gives one with the result, pending until a checkpoint covers it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-receipts-sdk-'));
  const chaperone = await createChaperone({ folder, manifest: { version: 1, data: 'data' } });
  try {
    const run = await chaperone.startRun({ agent: 'support', user: { id: 'ann' } });
    await run.guard({
      read_note: {
        description: 'Reads a note.',
        inputSchema: z.object({ id: z.string() }),
        execute: async ({ id }: { id: string }) => ({ id }),
      },
    });
    const answer = await run.call('app/read_note', { id: '1' });
    expect(answer).toMatchObject({ kind: 'result', receipt: { event: expect.stringMatching(/^evt_/) } });
    const receipt = await until('the proof', async () => {
      const found = await run.receipt(answer.callId);
      expect(found).toMatchObject({ ...answer.receipt });
      return found.proof === undefined ? undefined : found;
    });
    await writeFile(join(folder, 'chaperone.yaml'), 'version: 1\ndata: data\n');
    const key = (await runCommand(folder, ['evidence', 'keys'])).stdout.trim();
    expect(await verify(receipt.proof ?? '', key)).toMatchObject({ seq: answer.receipt?.seq });
    const other = await chaperone.startRun({ agent: 'support', user: { id: 'bob' } });
    await expect(other.receipt(answer.callId)).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
  } finally {
    await chaperone.close();
    await rm(folder, { recursive: true, force: true });
  }
});
