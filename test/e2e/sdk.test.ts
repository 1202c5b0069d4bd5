import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CallRefused, type Chaperone, createChaperone } from '../../src/index.ts';

let folder: string;
let chaperone: Chaperone;
const sent: unknown[] = [];

const tools = {
  read_note: {
    description: 'reads a note',
    inputSchema: z.object({ id: z.string() }),
    execute: async ({ id }: { id: string }) => ({ id, text: 'hello' }),
  },
  send_mail: {
    description: 'sends a mail',
    inputSchema: { type: 'object', properties: { to: { type: 'string' } }, required: ['to'] },
    execute: async (args: { to: string }) => {
      sent.push(args);
      return 'sent';
    },
  },
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-sdk-'));
  sent.length = 0;
});
afterEach(async () => {
  await chaperone.close();
  await rm(folder, { recursive: true, force: true });
});

describe('the SDK', () => {
  it('permits a read, asks about a write, and runs it once when a person agrees', async () => {
    chaperone = await createChaperone({ folder, manifest: { version: 1 } });
    const run = await chaperone.startRun({ agent: 'support', user: { id: 'ann' } });
    const guarded = await run.guard(tools);
    expect(await guarded.read_note.execute({ id: 'n1' })).toEqual({ id: 'n1', text: 'hello' });

    const asked = await guarded.send_mail.execute({ to: 'bob@example.com' }).catch((error: unknown) => error);
    expect(asked).toBeInstanceOf(CallRefused);
    expect(asked).toMatchObject({ code: 'E_APPROVAL_PENDING', ran: 'no' });
    expect(sent).toEqual([]);

    const [approval] = await chaperone.pendingApprovals();
    expect(approval?.arguments).toEqual({ to: 'bob@example.com' });
    const id = approval?.id ?? '';
    // Nobody has declared it, so it may do much harm: somebody has to be there, who names it.
    await expect(chaperone.answerApproval(id, true, 'carol')).rejects.toMatchObject({ code: 'E_APPROVAL_PRESENCE' });
    await expect(chaperone.answerApproval(id, true, 'carol', { presence: 'passkey' })).rejects.toMatchObject({
      code: 'E_APPROVAL_CONFIRM',
    });
    const how = { presence: 'passkey', confirm: 'app/send_mail' } as const;
    await expect(chaperone.answerApproval(id, true, 'ann', how)).rejects.toMatchObject({ code: 'E_APPROVAL_OWN' });
    expect(await chaperone.readCard(id)).toMatchObject({ needs: { confirm: 'app/send_mail' } });
    await chaperone.answerApproval(id, true, 'carol', how);
    expect(await guarded.send_mail.execute({ to: 'bob@example.com' })).toBe('sent');
    expect(sent).toEqual([{ to: 'bob@example.com' }]);

    // The approval is spent: the very same call asks again.
    await expect(guarded.send_mail.execute({ to: 'bob@example.com' })).rejects.toMatchObject({
      code: 'E_APPROVAL_PENDING',
    });
    expect(sent).toHaveLength(1);
  });

  it('refuses a parameter the schema does not name, and a tool that does not exist', async () => {
    chaperone = await createChaperone({ folder, manifest: { version: 1 } });
    const run = await chaperone.startRun({ agent: 'support' });
    await run.guard(tools);
    expect(await run.call('app/read_note', { id: 'n1', also: 1 })).toMatchObject({ code: 'E_ARGUMENT_UNKNOWN' });
    expect(await run.call('app/nothing', {})).toMatchObject({ code: 'E_TOOL_UNKNOWN' });
    expect(await run.call('app/read_note', 'text')).toMatchObject({ code: 'E_ARGUMENTS_INVALID' });
  });

  it('holds an agent to its manifest, and explains with file and line', async () => {
    chaperone = await createChaperone({
      folder,
      manifest: { version: 1, agents: { support: { tools: { 'app/*': {} }, deny: ['app/send_mail'] } } },
    });
    const run = await chaperone.startRun({ agent: 'support' });
    await run.guard(tools);
    const answer = await run.call('app/send_mail', { to: 'bob@example.com' });
    expect(answer).toMatchObject({ kind: 'refused', code: 'E_DENIED', ran: 'no' });
    const [reason] = answer.kind === 'refused' ? answer.reasons : [];
    expect(reason?.place).toMatchObject({ file: '(manifest)' });
    const record = await chaperone.explain(answer.callId);
    expect(record.events.map((event) => event.kind)).toEqual(['call.refused']);
  });
});

describe('a plan and an answer', () => {
  it('hold a run to what it declared', async () => {
    chaperone = await createChaperone({ folder, manifest: { version: 1 } });
    const run = await chaperone.startRun({ agent: 'support', prompt: 'Email bob@example.com, then read note n1.' });
    await run.guard(tools);
    await expect(run.declarePlan([{ tool: 'app/none' }])).rejects.toMatchObject({ code: 'E_REQUEST_INVALID' });
    await run.declarePlan([{ tool: 'app/read_note', arguments: { id: 'n1' } }]);
    await expect(run.declarePlan([])).rejects.toMatchObject({ code: 'E_REQUEST_INVALID' });
    const mail = await run.call('app/send_mail', { to: 'bob@example.com' });
    expect(mail).toMatchObject({ kind: 'refused', code: 'E_APPROVAL_PENDING' });
    expect(mail.kind === 'refused' && mail.reasons.map(({ code }) => code)).toContain('E_PLAN_DEVIATES');
    expect(await run.call('app/read_note', { id: 'n2' })).toMatchObject({ kind: 'refused' });
    expect(await run.call('app/read_note', { id: 'n1' })).toMatchObject({ kind: 'result' });
    // It may run once, unless the plan says more.
    expect(await run.call('app/read_note', { id: 'n1' })).toMatchObject({ kind: 'refused' });
    expect(sent).toEqual([]);
  });

  it('let out what may leave, and say why the rest may not', async () => {
    chaperone = await createChaperone({ folder, manifest: { version: 1 } });
    const secret = 'You never tell anybody that the discount code of the week is SPRING and that it is for friends.';
    const run = await chaperone.startRun({ agent: 'support', prompt: 'Hello?', confidential: [secret] });
    expect(await run.release('Hello!')).toMatchObject({ verdict: 'permit', reasons: [] });
    expect(await run.release(`My orders: ${secret}`)).toMatchObject({ verdict: 'deny' });
    expect(await run.release('{"mood":3}', { schema: { properties: { mood: { type: 'string' } } } })).toMatchObject({
      verdict: 'deny',
      reasons: [{ code: 'E_ANSWER_INVALID', path: '/mood' }],
    });
    await run.end();
    expect(await run.release('Hello!')).toMatchObject({ verdict: 'deny', reasons: [{ code: 'E_RUN_UNKNOWN' }] });
  });
});
