import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestBytes } from '../../src/base/digest.ts';
import type { Decision } from '../../src/model/decision.ts';
import { type AgentConfig, type Manifest, manifestSchema } from '../../src/model/manifest.ts';
import { buildKernel } from '../../src/policy/build-kernel.ts';
import { toCedarJson } from '../../src/policy/cedar/to-cedar-json.ts';
import { toCedarRequest } from '../../src/policy/cedar/to-cedar-request.ts';
import { compileManifest } from '../../src/policy/compile-manifest.ts';
import { governTool } from '../../src/policy/govern.ts';
import type { DecisionRequest, Kernel } from '../../src/policy/kernel.ts';

/*
 * Law 2: deny by default; forbid wins; an evaluation error denies. Held for arbitrary manifests, Cedar files (some of
 * whose policies fail for some requests) and requests. Cedar itself is the oracle for what is satisfied, so the law
 * assumes Cedar's semantics of one policy, and nothing of our evaluator, index or combination.
 */

/** Each run builds a bundle, which is slow, and puts six calls to it, which are not. */
const RUNS = { numRuns: 60, seed: 20_250 };
const placeOf = () => ({ file: 'chaperone.yaml', line: 1, column: 1 });
const AGENTS = ['a', 'b', 'c'];
const GROUPS = ['g', 'h'];
const TOOLS = ['mail/get', 'mail/send', 'bank/get', 'bank/wipe'];
const PATTERNS = [...TOOLS, 'mail/*', 'bank/*', '*'];

const inputSchema = { type: 'object', properties: { n: { type: 'integer' }, s: { type: 'string' } } };
const manifests: fc.Arbitrary<Manifest> = fc
  .record({
    version: fc.constant(1),
    mode: fc.constantFrom('enforce', 'provisional', 'observe'),
    tools: fc.dictionary(
      fc.constantFrom(...TOOLS),
      fc.record(
        { effect: fc.constantFrom('read', 'write'), consequence: fc.constantFrom('low', 'medium', 'high') },
        { requiredKeys: [] },
      ),
    ),
    agents: fc.dictionary(
      fc.constantFrom(...AGENTS),
      fc.record({
        onBehalfOf: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.subarray(GROUPS) }),
        tools: fc.dictionary(
          fc.constantFrom(...PATTERNS),
          fc.record({ approval: fc.constantFrom('required', 'never') }, { requiredKeys: [] }),
        ),
        deny: fc.oneof(
          { weight: 2, arbitrary: fc.constant([]) },
          { weight: 1, arbitrary: fc.subarray(PATTERNS, { maxLength: 2 }) },
        ),
      }),
    ),
    flows: fc.oneof(
      { weight: 2, arbitrary: fc.constant([]) },
      {
        weight: 1,
        arbitrary: fc.uniqueArray(
          fc
            .record({
              from: fc.constantFrom('mail/get', 'bank/*'),
              to: fc.constantFrom('outside', 'write', 'mail/*', 'bank/get'),
              verdict: fc.constantFrom('deny', 'ask'),
            })
            // Not as a literal: an object that is written with a `then` looks like a promise.
            .map(({ from, to, verdict }) => ({ from, to, ...Object.fromEntries([['then', verdict]]) })),
          { maxLength: 2, selector: ({ from, to }) => `${from} ${to}` },
        ),
      },
    ),
    users: fc.constant({ attributes: { team: 'String' } }),
  })
  .map((input) => manifestSchema.parse(input));

/** A condition that overflows for one of the arguments below, and holds for others. */
const FAILING = 'context.arguments has n && context.arguments.n * context.arguments.n > 20';
const CONDITIONS = [
  'true',
  'resource.effect == "read"',
  'resource.declared',
  'context has user && context.user.groups.contains("g")',
  'context.run.integrity == "untrusted"',
  'context.run.read.contains("bank/*") && !context.run.flagged',
  'context.flow.outward && context.flow.authority == "granted"',
  'context has user && context.user.attributes has team && context.user.attributes.team == "red"',
  'context.arguments has s && context.arguments.s like "a*"',
  // More often than the others: it fails for few arguments.
  ...[FAILING, FAILING],
];
const scopes = fc
  .tuple(
    fc.constantFrom('principal', ...AGENTS.map((agent) => `principal == Chaperone::Agent::"${agent}"`)),
    fc.constantFrom('action', 'action in Chaperone::Action::"read"', 'action == Chaperone::Action::"mail/send"'),
    fc.constantFrom('resource', 'resource in Chaperone::Server::"bank"', 'resource == Chaperone::Tool::"mail/get"'),
  )
  .map((parts) => parts.join(', '));
const policy = (...heads: string[]) =>
  fc
    .tuple(fc.constantFrom(...heads), scopes, fc.constantFrom('when', 'unless'), fc.constantFrom(...CONDITIONS))
    .map(([head, scope, kind, condition]) => `${head} (${scope}) ${kind} { ${condition} };`);
const permits = policy('permit');
const forbids = policy('forbid', '@ask("sure?") forbid');
const files = fc.array(fc.oneof(permits, forbids), { maxLength: 4 });

const caller = fc.record({
  agent: fc.constantFrom(...AGENTS),
  tool: fc.constantFrom(...TOOLS),
  user: fc.option(
    fc.record({
      id: fc.constant('u'),
      groups: fc.subarray(GROUPS),
      attributes: fc.constantFrom<Record<string, string>>({}, { team: 'red' }, { team: 'blue' }),
    }),
    { nil: undefined },
  ),
  arguments: fc.record(
    { n: fc.constantFrom(-1, 0, 5, Number.MAX_SAFE_INTEGER), s: fc.constantFrom('', 'abc', 'b') },
    { requiredKeys: [] },
  ),
  integrity: fc.constantFrom('trusted' as const, 'untrusted' as const),
  read: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.subarray(['mail/get', 'bank/get', 'prompt.quote'])),
  flow: fc.record({
    // Most calls come with no objection, or nothing else would be seen.
    verdict: fc.constantFrom('permit', 'permit', 'permit', 'ask', 'deny'),
    declared: fc.boolean(),
    proved: fc.boolean(),
    authority: fc.constantFrom('read', 'granted', 'unasked', 'refused', 'unknown'),
    outward: fc.boolean(),
  }),
});
type Caller = typeof caller extends fc.Arbitrary<infer T> ? T : never;
const callers = fc.array(caller, { minLength: 6, maxLength: 6 });

function governAll(manifest: Manifest) {
  return TOOLS.map((full) => {
    const [server = '', name = ''] = full.split('/');
    return governTool({ server, name, description: '', inputSchema }, manifest, placeOf);
  });
}

function requestOf(manifest: Manifest, caller: Caller): DecisionRequest {
  const tool = governAll(manifest)[TOOLS.indexOf(caller.tool)];
  if (!tool) throw new Error('no such tool');
  const { user, agent, integrity, flow } = caller;
  const objection = { code: 'E_TAINT_SINK', message: 's: from nowhere', path: '/s' } as const;
  return {
    principal: { tenant: 'default', agent, ...(user && { onBehalfOf: user }) },
    tool,
    arguments: { ...caller.arguments },
    run: { attested: true, label: { integrity, secrecy: 'public', origins: caller.read }, task: '' },
    flow: { ...flow, reasons: flow.verdict === 'permit' ? [] : [objection] },
    nowMs: 0,
  };
}

function kernelOf(manifest: Manifest, policies: readonly string[]): Kernel {
  const policyFiles = [{ file: 'x.cedar', text: policies.join('\n') }];
  return buildKernel({ bundle: digestBytes('rules'), manifest, placeOf, policyFiles, tools: governAll(manifest) })
    .kernel;
}

/** What policy says, whether or not mode `observe` lets the call go on. */
function verdictOf(decision: Decision): Decision['verdict'] {
  return decision.observed ?? decision.verdict;
}
const LOOSENESS = { deny: 0, ask: 1, permit: 2 };

/** Cedar's own answer over a set of policies, and whether any failed. */
function askCedar(policies: readonly string[], request: DecisionRequest): { allowed: boolean; failed: boolean } {
  const answer = cedar.isAuthorized({
    ...toCedarJson(toCedarRequest(request, { team: 'String' })),
    policies: { staticPolicies: policies.join('\n') },
  });
  if (answer.type === 'failure') throw new Error(answer.errors.map((error) => error.message).join());
  const { decision, diagnostics } = answer.response;
  return { allowed: decision === 'allow', failed: diagnostics.errors.length > 0 };
}

/** The verdict by Cedar alone: two questions, and no code of ours but the texts. */
function verdictByCedar(texts: readonly string[], request: DecisionRequest): Decision['verdict'] {
  const everything = askCedar(texts, request);
  if (everything.failed) return 'deny';
  if (everything.allowed) return 'permit';
  const withoutAsks = texts.filter((text) => !text.includes('@ask('));
  return askCedar(withoutAsks, request).allowed ? 'ask' : 'deny';
}

function textsOf(manifest: Manifest, policies: readonly string[]): string[] {
  return [...compileManifest(manifest, placeOf).map((compiled) => compiled.text), ...policies];
}

describe('law 2', () => {
  it('is what Cedar says, with errors denying', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(manifests, files, callers, (manifest, policies, calls) => {
        const kernel = kernelOf(manifest, policies);
        for (const call of calls) {
          const request = requestOf(manifest, call);
          const decision = kernel.decide(request);
          const expected = verdictByCedar(textsOf(manifest, policies), request);
          seen.add(`${manifest.mode} ${expected}`);
          for (const { code } of decision.reasons) seen.add(code);
          expect(verdictOf(decision)).toBe(expected);
        }
      }),
      RUNS,
    );
    // The law would be empty if the calls never got that far.
    const verdicts = ['enforce', 'provisional', 'observe'].flatMap((m) =>
      ['permit', 'ask', 'deny'].map((v) => `${m} ${v}`),
    );
    const codes = [
      'PERMITTED',
      'E_DENIED',
      'E_NOT_PERMITTED',
      'E_POLICY_ERROR',
      'E_APPROVAL_PENDING',
      'E_TOOL_UNREVIEWED',
      'E_TAINT_SINK',
      'E_TAINT_EGRESS',
    ];
    expect([...verdicts, ...codes].filter((what) => !seen.has(what))).toEqual([]);
  });

  it('permits nothing without a satisfied permit, and says which', () => {
    fc.assert(
      fc.property(manifests, files, callers, (manifest, policies, calls) => {
        const kernel = kernelOf(manifest, policies);
        const permitting = textsOf(manifest, policies).filter((text) => /^permit/m.test(text));
        for (const call of calls) {
          const request = requestOf(manifest, call);
          const decision = kernel.decide(request);
          if (verdictOf(decision) === 'deny') continue;
          expect(askCedar(permitting, request).allowed).toBe(true);
          if (decision.verdict !== 'permit' || decision.observed) continue;
          const kinds = decision.reasons.map(({ policy: id }) => kernel.policies.find((one) => one.id === id)?.kind);
          expect(new Set(kinds)).toEqual(new Set(['permit']));
        }
      }),
      RUNS,
    );
  });

  it('permits in `enforce` only what the manifest grants, declares, does not deny, for whom it says', () => {
    let permitted = 0;
    fc.assert(
      fc.property(manifests, fc.array(forbids, { maxLength: 1 }), callers, (anyMode, policies, calls) => {
        const manifest = { ...anyMode, mode: 'enforce' as const };
        const kernel = kernelOf(manifest, policies);
        for (const call of calls) {
          if (kernel.decide(requestOf(manifest, call)).verdict === 'deny') continue;
          permitted++;
          const entry = manifest.agents[call.agent];
          const matching = [call.tool, call.tool.replace(/\/.*/, '/*'), '*'];
          expect(matching.some((pattern) => entry?.tools[pattern])).toBe(true);
          expect(matching.filter((pattern) => entry?.deny.includes(pattern))).toEqual([]);
          const { effect, consequence } = manifest.tools[call.tool] ?? {};
          expect(effect && consequence).toBeDefined();
          const groups = entry?.onBehalfOf ?? [];
          expect(groups.length === 0 || groups.some((group) => call.user?.groups.includes(group))).toBe(true);
        }
      }),
      RUNS,
    );
    expect(permitted).toBeGreaterThan(10);
  });

  it('is only tightened by another forbid in a file', () => {
    fc.assert(
      fc.property(manifests, files, forbids, fc.nat(4), callers, (manifest, policies, forbid, at, calls) => {
        const less = kernelOf(manifest, policies);
        const more = kernelOf(manifest, policies.toSpliced(at, 0, forbid));
        for (const call of calls) {
          const request = requestOf(manifest, call);
          const [before, after] = [less.decide(request), more.decide(request)];
          expect(LOOSENESS[verdictOf(after)]).toBeLessThanOrEqual(LOOSENESS[verdictOf(before)]);
          // In `observe` too: what was let pass may be stopped, what was stopped is not let pass.
          expect(LOOSENESS[after.verdict]).toBeLessThanOrEqual(LOOSENESS[before.verdict]);
        }
      }),
      RUNS,
    );
  });

  it('is only tightened by another denial in the manifest', () => {
    fc.assert(
      fc.property(manifests, files, fc.constantFrom(...PATTERNS), callers, (manifest, policies, pattern, calls) => {
        const entries = Object.entries(manifest.agents);
        const denying = entries.map(([name, entry]): [string, AgentConfig] => [
          name,
          { ...entry, deny: [...entry.deny, pattern] },
        ]);
        const less = kernelOf(manifest, policies);
        const more = kernelOf({ ...manifest, agents: Object.fromEntries(denying) }, policies);
        for (const call of calls) {
          const request = requestOf(manifest, call);
          const [before, after] = [less.decide(request), more.decide(request)];
          expect(LOOSENESS[after.verdict]).toBeLessThanOrEqual(LOOSENESS[before.verdict]);
          const matches = [call.tool, `${request.tool.tool.server}/*`, '*'].includes(pattern);
          if (manifest.agents[call.agent] && matches) expect(after.verdict).toBe('deny');
        }
      }),
      RUNS,
    );
  });

  it('is only tightened by an objection of flow, in every mode', () => {
    fc.assert(
      fc.property(manifests, files, fc.constantFrom('ask', 'deny'), callers, (manifest, policies, verdict, calls) => {
        const kernel = kernelOf(manifest, policies);
        for (const call of calls) {
          const at = (one: Caller['flow']['verdict']): Decision =>
            kernel.decide(requestOf(manifest, { ...call, flow: { ...call.flow, verdict: one } }));
          const [before, after] = [at('permit'), at(verdict)];
          expect(LOOSENESS[verdictOf(after)]).toBeLessThanOrEqual(LOOSENESS[verdict]);
          expect(LOOSENESS[verdictOf(after)]).toBeLessThanOrEqual(LOOSENESS[verdictOf(before)]);
          expect(LOOSENESS[after.verdict]).toBeLessThanOrEqual(LOOSENESS[before.verdict]);
          if (call.flow.declared) expect(LOOSENESS[after.verdict]).toBeLessThanOrEqual(LOOSENESS[verdict]);
        }
      }),
      RUNS,
    );
  });

  it('takes nothing that a person wrote away where flow has proved the call', () => {
    fc.assert(
      fc.property(manifests, files, callers, (manifest, policies, calls) => {
        const kernel = kernelOf(manifest, policies);
        for (const call of calls) {
          const at = (proved: boolean): Decision =>
            kernel.decide(requestOf(manifest, { ...call, flow: { ...call.flow, proved } }));
          const [without, proved] = [at(false), at(true)];
          if (verdictOf(without) === verdictOf(proved)) continue;
          // All that a proof lifts is a question that nobody wrote.
          expect([verdictOf(without), verdictOf(proved)]).toEqual(['ask', 'permit']);
          for (const { policy: id } of without.reasons) {
            expect(id).toMatch(/^default\.ask-(write|high)$|^agents\..*\.ask-undeclared$/);
          }
        }
      }),
      RUNS,
    );
  });

  it('denies where any policy fails, in every mode, whatever else is permitted', () => {
    const failing = fc.constantFrom('permit', 'forbid', '@ask("sure?") forbid');
    fc.assert(
      fc.property(manifests, files, failing, callers, (manifest, policies, head, calls) => {
        const bad = `@id("bad") ${head} (principal, action, resource) when { ${FAILING} };`;
        const kernel = kernelOf(manifest, [...policies, bad]);
        for (const call of calls) {
          const decision = kernel.decide({ ...requestOf(manifest, call), arguments: { n: Number.MAX_SAFE_INTEGER } });
          expect(decision.verdict).toBe('deny');
          expect(decision).not.toHaveProperty('observed');
          expect(decision.reasons).toContainEqual(expect.objectContaining({ code: 'E_POLICY_ERROR', policy: 'bad' }));
        }
      }),
      RUNS,
    );
  });

  it('denies everything where no policy is left that permits', () => {
    fc.assert(
      fc.property(manifests, fc.array(forbids, { maxLength: 3 }), callers, (manifest, policies, calls) => {
        // An entry without grants; being listed takes away what an agent without an entry may do.
        const bare = AGENTS.map((name): [string, AgentConfig] => [name, { onBehalfOf: [], deny: [], tools: {} }]);
        const ungranted = kernelOf({ ...manifest, agents: Object.fromEntries(bare) }, policies);
        const nothing = kernelOf({ ...manifest, mode: 'enforce', agents: {} }, []);
        for (const call of calls) {
          expect(verdictOf(ungranted.decide(requestOf(manifest, call)))).toBe('deny');
          expect(nothing.decide(requestOf(manifest, call)).verdict).toBe('deny');
        }
      }),
      RUNS,
    );
  });

  it('holds a control that a person wrote in `observe` too', () => {
    fc.assert(
      fc.property(manifests, files, callers, (manifest, policies, calls) => {
        const observing = { ...manifest, mode: 'observe' as const };
        const observer = kernelOf(observing, policies);
        const enforcer = kernelOf({ ...manifest, mode: 'provisional' }, policies);
        // With all else permitted, what is left is what a person wrote.
        const controls = [
          'permit (principal, action, resource);',
          ...compileManifest(observing, placeOf).flatMap(({ explicit, text }) => (explicit ? [text] : [])),
        ];
        const objections = compileManifest(observing, placeOf).filter(({ id }) => id.startsWith('flow.'));
        const written = [...policies.filter((text) => !text.startsWith('permit'))];
        for (const call of calls) {
          const request = requestOf(observing, call);
          const [observed, enforced] = [observer.decide(request), enforcer.decide(request)];
          expect(verdictOf(observed)).toBe(enforced.verdict);
          expect(LOOSENESS[observed.verdict]).toBeGreaterThanOrEqual(LOOSENESS[enforced.verdict]);
          // An objection of flow is a person's control where it is about a sink that a person wrote.
          const declared = call.flow.declared ? objections.map(({ text }) => text) : [];
          const least = verdictByCedar([...controls, ...declared, ...written], request);
          expect(LOOSENESS[observed.verdict]).toBeLessThanOrEqual(LOOSENESS[least]);
        }
      }),
      RUNS,
    );
  });

  it('is explained as it was decided, with a way to a permit wherever there was none', () => {
    fc.assert(
      fc.property(manifests, files, callers, (manifest, policies, calls) => {
        const kernel = kernelOf(manifest, policies);
        for (const call of calls.slice(0, 2)) {
          const request = requestOf(manifest, call);
          const decision = kernel.decide(request);
          const { decision: explained, trace } = kernel.explain(request);
          const { nearestChange, ...same } = explained;
          expect(same).toEqual(decision);
          expect(nearestChange === undefined).toBe(verdictOf(decision) === 'permit');
          expect(trace.map((step) => step.id)).toEqual(kernel.policies.map((one) => one.id));
          const named = decision.reasons.flatMap((reason) => reason.policy ?? []);
          expect(new Set(trace.filter((step) => step.determining).map((step) => step.id))).toEqual(new Set(named));
          expect(trace.some((step) => step.outcome === 'error')).toBe(
            named.length > 0 && decision.reasons[0]?.code === 'E_POLICY_ERROR',
          );
        }
      }),
      { ...RUNS, numRuns: 30 },
    );
  });
});
