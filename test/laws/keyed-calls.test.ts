import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Store } from '../../src/ports/store.ts';
import type { Execution } from '../../src/ports/tool-source.ts';
import { answerApproval } from '../../src/runtime/approving/answer-approval.ts';
import { call } from '../../src/runtime/call.ts';
import { KeyedCalls } from '../../src/runtime/keyed-calls.ts';
import { recover } from '../../src/runtime/recover.ts';
import { lawCatalog, lawTool, openLawWorld } from './law-world.ts';

/**
 * A call with a key of its caller's runs at most once, however often it is asked for: at once, later, with what is
 * remembered or without, and whatever broke in between. Whoever asks again is never told that something did not run that
 * did.
 */
async function openKeyed(
  tool: (effects: number) => Execution | Promise<Execution>,
  approval: 'never' | 'required' = 'never',
  wrap?: (truth: Store) => Store,
) {
  const effects: unknown[] = [];
  const law = await openLawWorld({
    catalog: lawCatalog({
      tools: [lawTool('pay', { to: { type: 'string' } })],
      manifest: {
        version: 1,
        tools: { 'law/pay': { effect: 'write', consequence: 'low' } },
        agents: { a: { tools: { 'law/pay': { approval } } } },
      },
    }),
    call: async (intent) => {
      effects.push(intent.call.arguments);
      return tool(effects.length);
    },
    ...(wrap === undefined ? {} : { wrap }),
  });
  const principal = { tenant: 'default', agent: 'a' };
  const run = await law.world.runs.start({ principal, task: 'law', prompt: [], attested: false });
  const request = (to: string, runId = run.id) => ({ principal, runId, tool: 'law/pay', arguments: { to } });
  /** A process of its own: it remembers nothing of what another one answered. */
  const start = () => new KeyedCalls(law.world, (one) => call(law.world, one));
  return { law, effects, request, start, principal };
}

const paid = (n: number): Execution => ({ ok: true, result: { content: [{ type: 'text', text: `paid ${n}` }] } });
const lost = (): Execution => ({ ok: false, ran: 'unknown', code: 'E_UPSTREAM_LOST', message: 'broke' });

describe('a call with a key', () => {
  it('runs once, and answers all who ask for it alike', async () => {
    const { effects, request, start } = await openKeyed(paid);
    const calls = start();
    const [first, ...others] = await Promise.all([1, 2, 3].map(() => calls.call(request('bob'), 'k')));
    expect(first).toMatchObject({ kind: 'result', result: { content: [{ text: 'paid 1' }] } });
    for (const other of [...others, await calls.call(request('bob'), 'k')]) expect(other).toEqual(first);
    expect(effects).toEqual([{ to: 'bob' }]);
  });

  it('is another one under another key, and in another run', async () => {
    const { law, effects, request, start, principal } = await openKeyed(paid);
    const calls = start();
    const run = await law.world.runs.start({ principal, task: 'law', prompt: [], attested: false });
    await calls.call(request('bob'), 'k');
    await calls.call(request('bob'), 'l');
    await calls.call(request('bob', run.id), 'k');
    expect(effects).toHaveLength(3);
  });

  it('is no other call, also after a restart', async () => {
    const { effects, request, start } = await openKeyed(paid);
    const calls = start();
    await calls.call(request('bob'), 'k');
    for (const each of [calls, start()])
      expect(await each.call(request('eve'), 'k')).toMatchObject({
        kind: 'refused',
        code: 'E_IDEMPOTENCY_KEY',
        ran: 'no',
      });
    const restarted = start();
    await restarted.call(request('eve'), 'k');
    expect(await restarted.call(request('bob'), 'k')).toMatchObject({ code: 'E_RESULT_GONE', ran: 'yes' });
    expect(effects).toEqual([{ to: 'bob' }]);
  });

  it('is told to have run after a restart, without the result that nobody keeps', async () => {
    const { effects, request, start } = await openKeyed(paid);
    const first = await start().call(request('bob'), 'k');
    const again = await start().call(request('bob'), 'k');
    expect(again).toMatchObject({ kind: 'refused', code: 'E_RESULT_GONE', ran: 'yes', callId: first.callId });
    expect(effects).toHaveLength(1);
  });

  it('stays unknown where it is', async () => {
    const { effects, request, start } = await openKeyed(lost);
    const calls = start();
    for (const each of [calls, calls, start()])
      expect(await each.call(request('bob'), 'k')).toMatchObject({ code: 'E_UPSTREAM_LOST', ran: 'unknown' });
    expect(effects).toHaveLength(1);
  });

  it('stays what it was where the tool was not reached', async () => {
    const unreachable: Execution = { ok: false, ran: 'no', code: 'E_UPSTREAM_UNREACHABLE', message: 'gone' };
    const { effects, request, start } = await openKeyed(() => unreachable);
    const calls = start();
    for (const each of [calls, calls, start()])
      expect(await each.call(request('bob'), 'k')).toMatchObject({ code: 'E_UPSTREAM_UNREACHABLE', ran: 'no' });
    expect(effects).toHaveLength(1);
  });

  it('waits for a person under the same key, and then runs once', async () => {
    const { law, effects, request, start } = await openKeyed(paid, 'required');
    const calls = start();
    const asked = await calls.call(request('bob'), 'k');
    expect(asked).toMatchObject({ code: 'E_APPROVAL_PENDING' });
    const approvalId = asked.kind === 'refused' ? (asked.approvalId ?? '') : '';
    await answerApproval(law.world, { tenant: 'default', approvalId, approve: true, by: 'ann', presence: 'terminal' });
    expect(await start().call(request('bob'), 'k')).toMatchObject({ kind: 'result', callId: asked.callId });
    expect(await calls.call(request('bob'), 'k')).toMatchObject({ code: 'E_RESULT_GONE', ran: 'yes' });
    expect(effects).toHaveLength(1);
  });

  it('runs at most once and is never told not to have, whatever breaks', async () => {
    const step = fc.record({
      process: fc.nat(2),
      /** How many commits from now on work before one does not, and whether that one was written all the same. */
      breaks: fc.option(fc.record({ after: fc.nat(3), written: fc.boolean() }), { nil: undefined }),
      tool: fc.constantFrom('pays', 'breaks', 'throws'),
      together: fc.boolean(),
    });
    const scenario = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (steps) => {
      let breaks: { after: number; written: boolean } | undefined;
      let tool = 'pays';
      const flaky = (truth: Store): Store => ({
        ...truth,
        async commit(changes) {
          if (breaks === undefined || breaks.after-- > 0) return truth.commit(changes);
          const { written } = breaks;
          breaks = undefined;
          if (written) await truth.commit(changes);
          throw new Error('the store did not answer');
        },
      });
      const behave = (n: number): Execution => {
        if (tool === 'throws') throw new Error('the tool broke');
        return tool === 'pays' ? paid(n) : lost();
      };
      const { law, effects, request, start } = await openKeyed(behave, 'never', flaky);
      const processes = [start(), start(), start()];
      for (const { process, breaks: next, tool: how, together } of steps) {
        breaks = next && { ...next };
        tool = how;
        const asked = [process, ...(together ? [(process + 1) % 3] : [])];
        const answers = await Promise.all(asked.map((p) => processes[p]?.call(request('bob'), 'k')));
        breaks = undefined;
        await recover({ store: law.truth, clock: law.world.clock });
        expect(effects.length).toBeLessThanOrEqual(1);
        for (const answer of answers) {
          if (answer?.kind === 'result') expect(effects).toHaveLength(1);
          else if (effects.length === 1 && !together) expect(answer?.ran).not.toBe('no');
        }
      }
    });
    await fc.assert(scenario, { numRuns: 150 });
  });
});
