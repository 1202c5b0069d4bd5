import { describe, expect, it } from 'vitest';
import { openMemoryStore } from '../../src/adapters/stores/memory/open-memory-store.ts';
import type { ErrorCode } from '../../src/base/errors.ts';
import { limits } from '../../src/base/limits.ts';
import type { Principal } from '../../src/model/principal.ts';
import { toolName } from '../../src/model/tool.ts';
import type { Store } from '../../src/ports/store.ts';
import type { Execution } from '../../src/ports/tool-source.ts';
import { call } from '../../src/runtime/call.ts';
import type { CallAnswer } from '../../src/runtime/line/call-answer.ts';
import { type LawWorld, lawCatalog, lawTool, openLawWorld } from './law-world.ts';

/*
 * A circuit breaker is one for all gateways on a store, and outlives each of them: what one opened the others refuse at their
 * next call, one call of all of theirs is let through to see, and failures are counted together.
 */

const TENANT = 'default';
const A: Principal = { tenant: TENANT, agent: 'a' };
const REST_MS = 30_000;
const tool = lawTool('one', { n: { type: 'integer' } });
const good: Execution = { ok: true, result: { content: [{ type: 'text', text: 'done' }] } };
const bad: Execution = { ok: false, ran: 'unknown', code: 'E_UPSTREAM_LOST', message: 'broken' };
const codeOf = (answer: CallAnswer): ErrorCode | 'ok' => (answer.kind === 'result' ? 'ok' : answer.code);

interface Gateway extends LawWorld {
  ask(): Promise<CallAnswer>;
  readonly runId: string;
}

/** A gateway on a store that others have open too, or had. */
async function open(
  truth: Store,
  seed: number,
  answer: () => Execution | Promise<Execution>,
  breakers: object = { tool: { failures: 3, rest: '30s' } },
): Promise<Gateway> {
  const catalog = lawCatalog({
    tools: [tool],
    manifest: {
      version: 1,
      tools: { [toolName(tool)]: { effect: 'read', consequence: 'low' } },
      agents: { a: { tools: { 'law/one': {} } } },
      breakers,
    },
  });
  const law = await openLawWorld({ catalog, truth, seed, call: async () => answer() });
  const { id } = await law.world.runs.start({ principal: A, task: 'law', prompt: [], attested: true });
  const ask = () => call(law.world, { principal: A, runId: id, tool: 'law/one', arguments: { n: 1 } });
  return { ...law, runId: id, ask };
}

async function turnsIn(truth: Store): Promise<unknown[]> {
  const events = await truth.readEvents({ tenant: TENANT, kinds: ['breaker.changed'], limit: 1_000 });
  return events.map(({ body }) => body['to']);
}

describe('a breaker', () => {
  it('that one gateway opened is open for the next call of the other, which does not reach the tool', async () => {
    const truth = openMemoryStore();
    let reached = 0;
    const one = await open(truth, 1, () => bad);
    const other = await open(truth, 2, () => {
      reached += 1;
      return good;
    });
    expect(codeOf(await other.ask())).toBe('ok');
    for (let i = 0; i < 3; i++) expect(codeOf(await one.ask())).toBe('E_UPSTREAM_LOST');
    other.advance(10_000);
    expect(await other.ask()).toMatchObject({ code: 'E_BREAKER_OPEN', ran: 'no', retryAfterMs: REST_MS - 10_000 });
    expect(reached).toBe(1);
    expect(other.world.guards.breakers.list()).toEqual([{ scope: 'tool:default/law/one', state: 'open' }]);
    expect(await turnsIn(truth)).toEqual(['open']);
  });

  it('lets one call through when it has rested, of all gateways together, and closes for all of them', async () => {
    const truth = openMemoryStore();
    let isBroken = true;
    let reached = 0;
    const release = Promise.withResolvers<void>();
    const answer = async () => {
      reached += 1;
      if (isBroken) return bad;
      await release.promise;
      return good;
    };
    const gateways = [await open(truth, 1, answer), await open(truth, 2, answer)];
    const [one, other] = gateways;
    for (let i = 0; i < 3; i++) await one?.ask();
    expect(await other?.ask()).toMatchObject({ code: 'E_BREAKER_OPEN' });
    for (const each of gateways) each.advance(REST_MS);
    isBroken = false;
    reached = 0;
    const asked = gateways.flatMap((each) => Array.from({ length: 32 }, () => each.ask()));
    // All but the one that is let through are refused, whether or not that one ever ends.
    const refused: Promise<unknown>[] = asked.map((each) => each.then((answered) => codeOf(answered)));
    await Promise.race(refused);
    release.resolve();
    const codes = await Promise.all(refused);
    expect(reached).toBe(1);
    expect(codes.filter((code) => code === 'ok')).toHaveLength(1);
    expect(codes.filter((code) => code === 'E_BREAKER_OPEN')).toHaveLength(63);
    for (const each of gateways) expect(codeOf(await each.ask())).toBe('ok');
    expect(await turnsIn(truth)).toEqual(['open', 'half-open', 'closed']);
  });

  it('counts the failures of all gateways, and begins anew after one call that went well', async () => {
    const truth = openMemoryStore();
    let answer: Execution = bad;
    const one = await open(truth, 1, () => answer);
    const other = await open(truth, 2, () => answer);
    await one.ask();
    await other.ask();
    expect(await turnsIn(truth)).toEqual([]);
    answer = good;
    await other.ask();
    answer = bad;
    await one.ask();
    await other.ask();
    expect(await turnsIn(truth)).toEqual([]);
    expect(codeOf(await one.ask())).toBe('E_UPSTREAM_LOST');
    expect(await turnsIn(truth)).toEqual(['open']);
    expect(codeOf(await other.ask())).toBe('E_BREAKER_OPEN');
  });

  it('counts each failure once, however many fail at the same time in two gateways', async () => {
    const truth = openMemoryStore();
    const rules = { tool: { failures: 1_000 }, server: { failures: 'off' }, run: { failures: 'off' } };
    const gateways = [await open(truth, 1, () => bad, rules), await open(truth, 2, () => bad, rules)];
    for (let i = 0; i < 20; i++) await Promise.all(gateways.map((each) => each.ask()));
    const [stored] = await truth.readBreakers(10);
    expect(stored).toMatchObject({ scope: 'tool:default/law/one', state: 'closed', failures: 40 });
  });

  it('is as it was after a restart: open for what is left of its rest, with the failures it had counted', async () => {
    const truth = openMemoryStore();
    const first = await open(truth, 1, () => bad);
    for (let i = 0; i < 2; i++) await first.ask();
    let answer: Execution = bad;
    const second = await open(truth, 2, () => answer);
    expect(codeOf(await second.ask())).toBe('E_UPSTREAM_LOST');
    expect(await turnsIn(truth), 'the third in a row').toEqual(['open']);

    const third = await open(truth, 3, () => answer);
    expect(third.world.guards.breakers.list()).toHaveLength(1);
    expect(await third.ask()).toMatchObject({ code: 'E_BREAKER_OPEN', retryAfterMs: REST_MS });
    third.advance(REST_MS);
    answer = good;
    expect(codeOf(await third.ask())).toBe('ok');
    expect((await truth.readBreakers(10)).map(({ scope }) => scope)).not.toContain('tool:default/law/one');
  });

  it('is not open for longer than its rest because the clock was set back, nor for ever because a gateway died trying', async () => {
    const truth = openMemoryStore();
    const first = await open(truth, 1, () => bad);
    first.advance(1_000_000);
    for (let i = 0; i < 3; i++) await first.ask();
    // Its clock begins before the breaker was opened.
    let hangs = true;
    const second = await open(truth, 2, () => (hangs ? new Promise<never>(() => undefined) : good));
    expect(await second.ask()).toMatchObject({ code: 'E_BREAKER_OPEN', retryAfterMs: REST_MS });
    second.advance(REST_MS);
    void second.ask();
    await expect.poll(() => turnsIn(truth)).toEqual(['open', 'half-open']);

    const third = await open(truth, 3, () => good);
    third.advance(REST_MS);
    hangs = false;
    expect(codeOf(await third.ask()), 'another one tries').toBe('E_BREAKER_OPEN');
    third.advance(limits.breakerTrialMs);
    expect(codeOf(await third.ask())).toBe('ok');
  });

  it('is kept by what a run is denied too, and forgotten with the run', async () => {
    const truth = openMemoryStore();
    const one = await open(truth, 1, () => good, { run: { failures: 5 } });
    const denied = () => call(one.world, { principal: A, runId: one.runId, tool: 'law/none', arguments: {} });
    for (let i = 0; i < 4; i++) await denied();
    expect(await truth.readBreakers(10)).toMatchObject([{ scope: `run:default/${one.runId}`, failures: 4 }]);
    await truth.commit([{ kind: 'run.end', tenant: TENANT, runId: one.runId, atMs: 1 }]);
    expect(await truth.readBreakers(10)).toEqual([]);
  });

  it('costs a call that goes well nothing but a condition', async () => {
    const truth = openMemoryStore();
    const kinds: string[] = [];
    let reads = 0;
    const watched: Store = {
      ...truth,
      commit: (changes, options) => {
        kinds.push(...changes.map(({ kind }) => kind).filter((kind) => kind.startsWith('breaker')));
        return truth.commit(changes, options);
      },
      readBreakers: (...args) => {
        reads += 1;
        return truth.readBreakers(...args);
      },
    };
    const one = await open(watched, 1, () => good);
    const before = reads;
    for (let i = 0; i < 3; i++) expect(codeOf(await one.ask())).toBe('ok');
    expect(kinds).toEqual(['breaker.require', 'breaker.require', 'breaker.require']);
    expect(reads).toBe(before);
  });
});
