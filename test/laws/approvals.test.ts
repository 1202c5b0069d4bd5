import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/base/json.ts';
import type { Intent } from '../../src/model/intent.ts';
import type { Principal } from '../../src/model/principal.ts';
import { type Tool, toolName } from '../../src/model/tool.ts';
import type { Store } from '../../src/ports/store.ts';
import { answerApproval } from '../../src/runtime/approving/answer-approval.ts';
import { call } from '../../src/runtime/call.ts';
import type { CallAnswer } from '../../src/runtime/line/call-answer.ts';
import { Seeded, yieldSome } from '../simulation/seeded.ts';
import {
  APPROVAL_LIFE_MS,
  counting,
  type LawWorld,
  type LawWorldOptions,
  lawCatalog,
  lawTool,
  openLawWorld,
} from './law-world.ts';

/*
 * Law 7: an approval fits one canonical call; any change of argument, tool, pin, run, agent or tenant voids it; it is
 * spent once; silence denies; and when it is spent the call is decided again under what is in force by then.
 * Assumes that who answers is a person: that is what doors and the host's separation of users are for.
 */

const properties = {
  to: { type: 'array', items: { type: 'string' } },
  subject: { type: 'string' },
  count: { type: 'integer' },
  options: { type: 'object', properties: { urgent: { type: 'boolean' }, tag: { type: 'string' } } },
};
const tools = [lawTool('send', properties), lawTool('send_twin', properties)];
const granting = (grants: object, deny: readonly string[] = []) => ({
  version: 1,
  tools: Object.fromEntries(tools.map((tool) => [toolName(tool), { effect: 'write', consequence: 'medium' }])),
  agents: { a: { tools: grants, deny }, b: { tools: grants } },
});
const ASKED = { 'law/send': { approval: 'required' }, 'law/send_twin': { approval: 'required' } };
const asking = lawCatalog({ tools, manifest: granting(ASKED) });

const A: Principal = { tenant: 'default', agent: 'a' };
const RUNS = { numRuns: 150, seed: 7 };
/** Words that no built-in check takes for anything else. */
const word = fc.string({ unit: fc.constantFrom(...'abcXYZ09 '), maxLength: 6 });
const args = fc.record(
  {
    to: fc.array(word, { maxLength: 3 }),
    subject: word,
    count: fc.integer({ min: -3, max: 3 }),
    options: fc.record({ urgent: fc.boolean(), tag: word }, { requiredKeys: [] }),
  },
  { requiredKeys: ['to'] },
);
type Args = typeof args extends fc.Arbitrary<infer T> ? T : never;

let effects: Intent[];
let lawWorld: LawWorld;
let runId: string;

async function open(options: Partial<LawWorldOptions> = {}): Promise<void> {
  effects = [];
  lawWorld = await openLawWorld({ catalog: asking, call: counting(effects), ...options });
  runId = await startRun(A);
}

async function startRun(principal: Principal): Promise<string> {
  return (await lawWorld.world.runs.start({ principal, task: 'law', prompt: [], attested: true })).id;
}

interface Ask {
  readonly tool?: string;
  readonly arguments?: JsonObject;
  readonly principal?: Principal;
  readonly runId?: string;
  readonly approvalId?: string;
}
const ARGUMENTS: JsonObject = { to: ['bob'], subject: 'hi' };
const ask = (more: Ask = {}) =>
  call(lawWorld.world, { principal: A, runId, tool: 'law/send', arguments: ARGUMENTS, ...more });
const answer = (approvalId: string, approve = true) =>
  answerApproval(lawWorld.world, { tenant: 'default', approvalId, approve, by: 'person', presence: 'terminal' });
const codeOf = (given: CallAnswer) => (given.kind === 'refused' ? given.code : 'result');

/** Asks, and has a person approve. */
async function approved(more: Ask = {}): Promise<string> {
  const id = await pendingId(await ask(more));
  await answer(id);
  return id;
}

async function pendingId(given: CallAnswer): Promise<string> {
  expect(given).toMatchObject({ kind: 'refused', code: 'E_APPROVAL_PENDING', ran: 'no' });
  const id = given.kind === 'refused' ? given.approvalId : undefined;
  if (id === undefined) throw new Error('no approval was opened');
  return id;
}

/** The approval still lets exactly its own call through, once. */
async function expectStillGood(approvalId: string, more: Ask = {}): Promise<void> {
  const before = effects.length;
  expect(codeOf(await ask({ ...more, approvalId }))).toBe('result');
  expect(codeOf(await ask({ ...more, approvalId }))).toBe('E_APPROVAL_USED');
  expect(effects.length).toBe(before + 1);
}

beforeEach(() => open());

describe('law 7: an approval fits one canonical call', () => {
  it('is void for any other arguments, and still good for its own', async () => {
    const shuffle = (value: unknown, seeded: Seeded): unknown => {
      if (Array.isArray(value)) return value.map((item) => shuffle(item, seeded));
      if (typeof value !== 'object' || value === null) return value;
      const entries = Object.entries(value).map(([key, member]) => [key, shuffle(member, seeded)] as const);
      for (let i = entries.length - 1; i > 0; i--) entries.push(...entries.splice(seeded.below(i + 1), 1));
      return Object.fromEntries(entries);
    };
    const isSame = (a: Args, b: Args) => isDeepStrictEqual(a, b);
    await fc.assert(
      fc.asyncProperty(args, args, fc.nat(), async (own, other, seed) => {
        await open();
        const mine = own as JsonObject;
        const approvalId = await approved({ arguments: mine });
        if (!isSame(own, other)) {
          const tried = await ask({ arguments: other as JsonObject, approvalId });
          expect(codeOf(tried)).toBe('E_APPROVAL_ARGS_CHANGED');
          // Without naming the approval it is a call of its own, which waits for a person of its own.
          expect(await pendingId(await ask({ arguments: other as JsonObject }))).not.toBe(approvalId);
          expect(effects).toEqual([]);
        }
        // The same call in another order of keys is the same call.
        const reordered = shuffle(own, new Seeded(seed)) as JsonObject;
        await expectStillGood(approvalId, { arguments: reordered });
        expect(effects[0]?.call.arguments).toEqual(own);
      }),
      RUNS,
    );
  });

  it('is void after the smallest change of any one argument', async () => {
    const own = { to: ['bob', 'carol'], subject: 'hi', count: 1, options: { urgent: false, tag: 't' } };
    const changed: JsonObject[] = [
      { ...own, to: ['bob'] },
      { ...own, to: ['carol', 'bob'] },
      { ...own, to: ['bob', 'carol', 'carol'] },
      { ...own, to: ['bob', 'Carol'] },
      { ...own, to: ['bob', 'carol '] },
      { ...own, subject: 'hi\u0301' },
      { ...own, subject: '' },
      { ...own, count: 2 },
      { ...own, options: { urgent: true, tag: 't' } },
      { ...own, options: { urgent: false } },
      { ...own, options: {} },
      { to: own.to, subject: own.subject, count: own.count },
    ];
    const approvalId = await approved({ arguments: own });
    for (const one of changed)
      expect(codeOf(await ask({ arguments: one, approvalId }))).toBe('E_APPROVAL_ARGS_CHANGED');
    expect(effects).toEqual([]);
    await expectStillGood(approvalId, { arguments: own });
  });

  const others: readonly [string, () => Promise<Ask>, string][] = [
    ['another tool', async () => ({ tool: 'law/send_twin' }), 'E_APPROVAL_ARGS_CHANGED'],
    ['another run of the same agent', async () => ({ runId: await startRun(A) }), 'E_APPROVAL_UNKNOWN'],
    [
      'another run of the same agent for a user',
      async () => ({ runId: await startRun({ ...A, onBehalfOf: { id: 'u', groups: [], attributes: {} } }) }),
      'E_APPROVAL_UNKNOWN',
    ],
    [
      'another agent in a run of its own',
      async () => ({ principal: { ...A, agent: 'b' }, runId: await startRun({ ...A, agent: 'b' }) }),
      'E_APPROVAL_UNKNOWN',
    ],
    ['another agent in the approved run', async () => ({ principal: { ...A, agent: 'b' } }), 'E_RUN_UNKNOWN'],
    [
      'another tenant in a run of its own',
      async () => ({ principal: { ...A, tenant: 'other' }, runId: await startRun({ ...A, tenant: 'other' }) }),
      'E_APPROVAL_UNKNOWN',
    ],
    ['another tenant in the approved run', async () => ({ principal: { ...A, tenant: 'other' } }), 'E_RUN_UNKNOWN'],
  ];
  it.each(others)('is void for %s', async (_name, other, code) => {
    const approvalId = await approved();
    const more = await other();
    expect(codeOf(await ask({ ...more, approvalId }))).toBe(code);
    expect(codeOf(await ask(more))).not.toBe('result');
    expect(effects).toEqual([]);
    await expectStillGood(approvalId);
  });

  it('is void once the tool has another pin, although somebody reviewed that one', async () => {
    const approvalId = await approved();
    const drifted: Tool[] = tools.map((tool) => ({ ...tool, description: `${tool.description}, and more` }));
    const original = new Map([...asking.tools.values()].map(({ governed }) => [governed.name, governed.pin]));
    await lawWorld.enthrone(lawCatalog({ tools: drifted, manifest: granting(ASKED), pins: original }));
    expect(codeOf(await ask({ approvalId }))).toBe('E_TOOL_DRIFTED');
    await lawWorld.enthrone(lawCatalog({ tools: drifted, manifest: granting(ASKED) }));
    expect(codeOf(await ask({ approvalId }))).toBe('E_APPROVAL_ARGS_CHANGED');
    expect(await pendingId(await ask())).not.toBe(approvalId);
    expect(effects).toEqual([]);
  });
});

describe('law 7: an approval is spent once', () => {
  it('lets one of 64 concurrent retries through, however they interleave', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(fc.boolean(), { minLength: 64, maxLength: 64 }), async (seed, named) => {
        const seeded = new Seeded(seed);
        const slow = (inner: Store): Store => ({
          ...inner,
          commit: async (changes) => {
            await yieldSome(seeded);
            return inner.commit(changes);
          },
          readApproval: async (tenant, id) => {
            await yieldSome(seeded);
            return inner.readApproval(tenant, id);
          },
        });
        await open({ wrap: slow, seed });
        const approvalId = await approved();
        const answers = await Promise.all(named.map((isNamed) => ask(isNamed ? { approvalId } : {})));
        expect(effects).toHaveLength(1);
        expect(answers.filter((given) => given.kind === 'result')).toHaveLength(1);
        for (const given of answers) {
          // Who comes late with the approval is told that it is spent; who names none may be asked about anew.
          expect(['result', 'E_APPROVAL_USED', 'E_APPROVAL_PENDING']).toContain(codeOf(given));
        }
        const pending = await lawWorld.truth.listApprovals('default', 'pending', 100);
        expect(pending.length, 'one call is one question').toBeLessThanOrEqual(1);
      }),
      { ...RUNS, numRuns: 40 },
    );
  });

  it('asks one question for 64 concurrent calls that are the same, and takes one answer of 64', async () => {
    const answers = await Promise.all(Array.from({ length: 64 }, () => ask()));
    const ids = new Set(await Promise.all(answers.map(pendingId)));
    expect(ids.size).toBe(1);
    const [approvalId = ''] = ids;
    const given = await Promise.allSettled(Array.from({ length: 64 }, (_, i) => answer(approvalId, i % 2 === 0)));
    expect(given.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const one of given)
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'E_APPROVAL_USED' });
    await expectStillGood(approvalId);
  });

  it('is not spent by a call that the store could not record', async () => {
    let isBroken = false;
    await open({
      wrap: (inner) => ({
        ...inner,
        commit: (changes) => (isBroken ? Promise.reject(new Error('no disk')) : inner.commit(changes)),
      }),
    });
    const approvalId = await approved();
    isBroken = true;
    expect(codeOf(await ask({ approvalId }))).toBe('E_STORE');
    expect(effects).toEqual([]);
    isBroken = false;
    await expectStillGood(approvalId);
  });
});

describe('law 7: silence and a no deny', () => {
  it('cannot be answered, or used, from the moment it expires', async () => {
    const unanswered = await pendingId(await ask());
    lawWorld.advance(APPROVAL_LIFE_MS);
    await expect(answer(unanswered)).rejects.toMatchObject({ code: 'E_APPROVAL_EXPIRED' });
    expect(codeOf(await ask({ approvalId: unanswered }))).toBe('E_APPROVAL_EXPIRED');

    const unused = await approved();
    expect(unused).not.toBe(unanswered);
    lawWorld.advance(APPROVAL_LIFE_MS);
    expect(codeOf(await ask({ approvalId: unused }))).toBe('E_APPROVAL_EXPIRED');
    expect(await pendingId(await ask())).not.toBe(unused);
    expect(effects).toEqual([]);
  });

  it('can be used until the moment before it expires', async () => {
    const approvalId = await approved();
    lawWorld.advance(APPROVAL_LIFE_MS - 1);
    await expectStillGood(approvalId);
  });

  it('stays denied, named or not, and however often it is tried', async () => {
    const approvalId = await pendingId(await ask());
    await answer(approvalId, false);
    for (let i = 0; i < 3; i++) {
      expect(codeOf(await ask())).toBe('E_APPROVAL_DENIED');
      expect(codeOf(await ask({ approvalId }))).toBe('E_APPROVAL_DENIED');
    }
    await expect(answer(approvalId)).rejects.toMatchObject({ code: 'E_APPROVAL_USED' });
    expect(codeOf(await ask({ approvalId }))).toBe('E_APPROVAL_DENIED');
    expect(await lawWorld.truth.listApprovals('default', 'pending', 10)).toEqual([]);
    expect(effects).toEqual([]);
  });

  it('grants nothing while it waits, however often it is tried', async () => {
    const approvalId = await pendingId(await ask());
    for (let i = 0; i < 3; i++) expect(await pendingId(await ask({ approvalId }))).toBe(approvalId);
    expect(effects).toEqual([]);
  });

  it('does not exist where nobody asked', async () => {
    expect(codeOf(await ask({ approvalId: 'apr_none' }))).toBe('E_APPROVAL_UNKNOWN');
    expect(effects).toEqual([]);
  });
});

describe('law 7: the call is decided again when the approval is spent', () => {
  const asks = (...questions: readonly string[]) =>
    lawCatalog({
      tools,
      manifest: granting({ 'law/send': { approval: 'never' } }),
      policy: questions.map((question) => `@ask("${question}") forbid (principal, action, resource);`).join('\n'),
    });

  it('is denied by a policy that forbids it by then, and the approval is not spent', async () => {
    const approvalId = await approved();
    await lawWorld.enthrone(lawCatalog({ tools, manifest: granting(ASKED, ['law/send']) }));
    expect(codeOf(await ask({ approvalId }))).toBe('E_DENIED');
    expect(codeOf(await ask())).toBe('E_DENIED');
    expect(effects).toEqual([]);
    await lawWorld.enthrone(asking);
    await expectStillGood(approvalId);
  });

  it('is denied when nothing grants it any more', async () => {
    const approvalId = await approved();
    await lawWorld.enthrone(lawCatalog({ tools, manifest: granting({}) }));
    expect(codeOf(await ask({ approvalId }))).toBe('E_NOT_PERMITTED');
    expect(effects).toEqual([]);
  });

  it('is not answered by the answer to another question', async () => {
    await lawWorld.enthrone(asks('is the price right?'));
    const approvalId = await approved();
    const next: readonly (readonly string[])[] = [
      ['is the price right?', 'is the receiver right?'],
      ['is the receiver right?'],
      ['is the receiver right?', 'is the price right?'],
    ];
    for (const questions of next) {
      await lawWorld.enthrone(asks(...questions));
      expect(codeOf(await ask({ approvalId })), questions.join()).toBe('E_APPROVAL_ARGS_CHANGED');
    }
    expect(effects).toEqual([]);
    // Unnamed, it is asked anew with the question of now.
    expect(await pendingId(await ask())).not.toBe(approvalId);
    expect(effects).toEqual([]);
    await lawWorld.enthrone(asks('is the price right?'));
    await expectStillGood(approvalId);
  });

  it('is answered where fewer questions are left', async () => {
    await lawWorld.enthrone(asks('is the price right?', 'is the receiver right?'));
    const approvalId = await approved();
    await lawWorld.enthrone(asks('is the price right?'));
    await expectStillGood(approvalId);
  });

  it('is not granted once the run, the agent, the tool or everything is isolated', async () => {
    const scopes = [
      'all',
      'tenant:default',
      'agent:default/a',
      `run:${runId}`,
      'server:default/law',
      'tool:default/law/send',
    ];
    const approvalId = await approved();
    for (const scope of scopes) {
      const stop = { kind: 'isolation.set', scope, reason: 'r', by: 'ops', incident: false, atMs: 0 } as const;
      await lawWorld.truth.commit([stop]);
      expect(codeOf(await ask({ approvalId })), scope).toBe('E_ISOLATED');
      const seen = (await lawWorld.truth.listIsolations())[0]?.epoch ?? 0;
      await lawWorld.truth.commit([{ kind: 'isolation.lift', scope, by: 'security', seen, settled: false }]);
    }
    expect(effects).toEqual([]);
    await expectStillGood(approvalId);
  });

  it('is not granted once the run has ended or expired', async () => {
    const approvalId = await approved();
    await lawWorld.world.runs.end('default', runId);
    expect(['E_RUN_ENDED', 'E_RUN_UNKNOWN']).toContain(codeOf(await ask({ approvalId })));
    expect(effects).toEqual([]);
  });

  it('is not granted under a bundle that was replaced between the decision and the intent', async () => {
    let swap: (() => Promise<unknown>) | undefined;
    await open({
      wrap: (inner) => ({
        ...inner,
        async commit(changes) {
          if (changes.some(({ kind }) => kind === 'intent.open')) await swap?.();
          return inner.commit(changes);
        },
      }),
    });
    const approvalId = await approved();
    const denying = lawCatalog({ tools, manifest: granting(ASKED, ['law/send']) });
    swap = () => lawWorld.enthrone(denying);
    // Nothing ran under the old one: it is decided again, under the new.
    expect(codeOf(await ask({ approvalId }))).toBe('E_DENIED');
    expect(effects).toEqual([]);
  });
});
