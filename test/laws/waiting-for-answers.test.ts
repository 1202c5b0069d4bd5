import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../src/adapters/stores/sqlite/open-sqlite-store.ts';
import { CallRefused, type Chaperone, type ChaperoneRun, createChaperone } from '../../src/index.ts';
import type { Store } from '../../src/ports/store.ts';
import { waitForAnswer } from '../../src/runtime/approving/wait-for-answer.ts';
import { call } from '../../src/runtime/call.ts';
import { APPROVAL_LIFE_MS, counting, lawCatalog, lawTool, openLawWorld } from './law-world.ts';

/*
 * `run.approval(id)`: an application waits for what people say, whichever process takes the answer, and learns of no
 * question that is not its run's.
 */

let folder: string;
let open: Chaperone[];
let sent: unknown[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-law-'));
  open = [];
  sent = [];
});
afterEach(async () => {
  for (const chaperone of open) await chaperone.close();
  await rm(folder, { recursive: true, force: true });
});

async function start(): Promise<Chaperone> {
  const chaperone = await createChaperone({
    folder,
    notify: () => undefined,
    environment: {},
    manifest: {
      version: 1,
      data: join(folder, 'data'),
      tools: { 'app/send': { effect: 'write', consequence: 'medium' } },
      agents: { a: { tools: { 'app/send': { approval: 'required' } } } },
    },
  });
  open.push(chaperone);
  return chaperone;
}

async function stop(chaperone: Chaperone): Promise<void> {
  open = open.filter((one) => one !== chaperone);
  await chaperone.close();
}

/** A run that has asked to send this. */
async function ask(chaperone: Chaperone, text: string): Promise<{ readonly run: ChaperoneRun; readonly id: string }> {
  const run = await chaperone.startRun({ agent: 'a', user: { id: 'ann' } });
  const inputSchema = { type: 'object', properties: { text: { type: 'string' } }, additionalProperties: false };
  const tools = await run.guard({
    send: { description: 'sends', inputSchema, execute: async (args: unknown) => sent.push(args) },
  });
  const asked = await tools.send.execute({ text }).catch((error: unknown) => error);
  if (!(asked instanceof CallRefused) || asked.approvalId === undefined) throw asked;
  return { run, id: asked.approvalId };
}

const here = { presence: 'terminal' } as const;

describe('run.approval', () => {
  it.each([
    [true, 'approved'],
    [false, 'denied'],
  ] as const)(
    'waits until somebody says %s, through another gateway that was restarted meanwhile',
    async (yes, state) => {
      const chaperone = await start();
      const { run, id } = await ask(chaperone, 'hello');
      let isOver = false;
      const waited = run.approval(id).finally(() => {
        isOver = true;
      });
      const other = await start();
      expect(await other.readCard(id)).toMatchObject({ arguments: { text: 'hello' }, answers: [] });
      await stop(other);
      expect(isOver, 'nobody has said anything').toBe(false);
      const restarted = await start();
      await restarted.answerApproval(id, yes, 'carol', here);
      expect(await waited).toMatchObject({ id, state, answers: [{ by: 'carol', approve: yes }] });

      expect(sent).toEqual([]);
      const answer = await run.call('app/send', undefined, { approvalId: id });
      if (yes) {
        expect(answer).toMatchObject({ kind: 'result' });
        expect(sent).toEqual([{ text: 'hello' }]);
        expect(await run.call('app/send', undefined, { approvalId: id })).toMatchObject({ code: 'E_APPROVAL_USED' });
        expect(await run.approval(id), 'and says so later').toMatchObject({ state: 'consumed' });
      } else {
        expect(answer).toMatchObject({ kind: 'refused', ran: 'no' });
        expect(sent).toEqual([]);
      }
    },
  );

  it('is for what was asked: other arguments are told from it', async () => {
    const chaperone = await start();
    const { run, id } = await ask(chaperone, '$50');
    await chaperone.answerApproval(id, true, 'carol', here);
    await run.approval(id);
    const other = await run.call('app/send', { text: '$500' }, { approvalId: id });
    expect(other).toMatchObject({ code: 'E_APPROVAL_ARGS_CHANGED', ran: 'no' });
    expect(sent).toEqual([]);
    expect(await run.call('app/send', { text: '$50' }, { approvalId: id })).toMatchObject({ kind: 'result' });
  });

  it('knows no question of another run, of another tenant, or that nobody asked', async () => {
    const chaperone = await start();
    const { id } = await ask(chaperone, 'hello');
    const other = await chaperone.startRun({ agent: 'a', user: { id: 'ann' } });
    for (const each of [id, 'apr_none', ''])
      await expect(other.approval(each), each).rejects.toMatchObject({ code: 'E_APPROVAL_UNKNOWN' });
  });

  it('gives up when it is told to, and leaves the question open', async () => {
    const chaperone = await start();
    const { run, id } = await ask(chaperone, 'hello');
    const abort = new AbortController();
    const waited = run.approval(id, { signal: abort.signal });
    abort.abort();
    expect(await waited).toMatchObject({ id, state: 'pending' });
    await chaperone.answerApproval(id, true, 'carol', here);
    expect(await run.approval(id, { signal: abort.signal })).toMatchObject({ state: 'approved' });
  });
});

describe('waiting for an answer', () => {
  const catalog = lawCatalog({
    tools: [lawTool('send', {})],
    manifest: {
      version: 1,
      tools: { 'law/send': { effect: 'write', consequence: 'medium' } },
      agents: { a: { tools: { 'law/send': { approval: 'required' } } } },
    },
  });
  const principal = { tenant: 'default', agent: 'a' };

  async function openAsked(truth: Store) {
    let looks = 0;
    const law = await openLawWorld({
      catalog,
      truth,
      call: counting([]),
      wrap: (store) => ({
        ...store,
        readApproval: (...args) => {
          looks += 1;
          return store.readApproval(...args);
        },
      }),
    });
    const { id: runId } = await law.world.runs.start({ principal, task: '', prompt: [], attested: true });
    const asked = await call(law.world, { principal, runId, tool: 'law/send', arguments: {} });
    const approvalId = (asked.kind === 'refused' ? asked.approvalId : undefined) ?? '';
    looks = 0;
    return { ...law, approvalId, runId, looks: () => looks };
  }

  it('ends with the question: silence denies, and the store says so', async () => {
    const path = join(folder, 'store.db');
    const first = await openSqliteStore({ path });
    const { world, advance, approvalId, runId } = await openAsked(first);
    const waited = waitForAnswer(world, { tenant: 'default', runId, approvalId });
    advance(APPROVAL_LIFE_MS);
    expect(await waited).toMatchObject({ state: 'expired' });
    await first.close();
    const second = await openSqliteStore({ path });
    const again = await openLawWorld({ catalog, truth: second, call: counting([]) });
    expect(await waitForAnswer(again.world, { tenant: 'default', runId, approvalId })).toMatchObject({
      state: 'expired',
    });
    await expect(waitForAnswer(again.world, { tenant: 'other', runId, approvalId })).rejects.toMatchObject({
      code: 'E_APPROVAL_UNKNOWN',
    });
    await second.close();
  });

  it('looks less and less often, and at most twice a second', async () => {
    const store = await openSqliteStore({ path: join(folder, 'store.db') });
    const { world, approvalId, runId, looks, advance } = await openAsked(store);
    const beganMs = performance.now();
    const waited = waitForAnswer(world, { tenant: 'default', runId, approvalId });
    // As many as it takes to see that they become rarer: a timer never fires early, however busy the machine is.
    await expect.poll(looks, { timeout: 50_000 }).toBeGreaterThanOrEqual(7);
    expect(looks()).toBeLessThanOrEqual(9 + (performance.now() - beganMs) / 500);
    expect(performance.now() - beganMs, 'seven looks have six pauses between them').toBeGreaterThanOrEqual(400);
    advance(APPROVAL_LIFE_MS);
    await waited;
    await store.close();
  });
});
