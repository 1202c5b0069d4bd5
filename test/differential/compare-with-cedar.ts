import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import type { CedarRequest } from '../../src/policy/cedar/cedar-request.ts';
import { cedarLanguage, type Language } from '../../src/policy/cedar/compile-expression.ts';
import { compilePolicies } from '../../src/policy/cedar/compile-policies.ts';
import { evaluatePolicies } from '../../src/policy/cedar/evaluate-policies.ts';
import { type ParsedPolicy, parsePolicies } from '../../src/policy/cedar/parse-policies.ts';
import { toCedarJson } from '../../src/policy/cedar/to-cedar-json.ts';
import { generatePolicy } from './generate-policy.ts';
import { generateRequest } from './generate-world.ts';
import { Random } from './random.ts';

const POLICIES = 50;
const REQUESTS = 2;
export const PAIRS_PER_BATCH = POLICIES * REQUESTS;

/** What both sides must agree on. Sorted, so that order does not matter. */
interface Answer {
  readonly decision: 'allow' | 'deny';
  readonly determining: readonly string[];
  readonly erroring: readonly string[];
}

/** Policies, requests, and what Cedar says of each request. */
export interface Batch {
  readonly seed: number;
  readonly policies: readonly ParsedPolicy[];
  readonly cases: readonly { readonly request: CedarRequest; readonly expected: Answer }[];
}

export interface Mismatch {
  readonly seed: number;
  readonly policy: string;
  readonly request: string;
  readonly ours: 'holds' | 'does not hold' | 'error';
  readonly cedar: 'holds' | 'does not hold' | 'error';
}

/**
 * Makes a batch and asks Cedar about it. Forbids hide permits in Cedar's answer, so most batches hold policies of one
 * effect, in which every policy that holds is named.
 */
export function makeBatch(seed: number): Batch {
  const random = new Random(seed);
  const effect = random.pick(['permit', 'forbid', 'mixed'] as const);
  const texts = Array.from({ length: POLICIES }, (_, i) => {
    const own = effect === 'mixed' ? (random.chance(0.8) ? 'permit' : 'forbid') : effect;
    return `@id("p${i}") ${generatePolicy(random, own)}`;
  });
  const policies = parsePolicies([{ file: `seed-${seed}.cedar`, text: texts.join('\n') }]);
  const staticPolicies = Object.fromEntries(policies.map((policy) => [policy.id, policy.text]));
  const name = 'differential';
  const parsed = cedar.preparsePolicySet(name, { staticPolicies });
  if (parsed.type === 'failure') throw new Error(`seed ${seed}: ${JSON.stringify(parsed.errors)}`);
  const cases = Array.from({ length: REQUESTS }, () => {
    const request = generateRequest(random);
    const answer = cedar.statefulIsAuthorized({ ...toCedarJson(request), preparsedPolicySetId: name });
    if (answer.type === 'failure') throw new Error(`seed ${seed}: ${JSON.stringify(answer.errors)}`);
    const { decision, diagnostics } = answer.response;
    const expected = {
      decision,
      determining: [...diagnostics.reason].sort(),
      erroring: diagnostics.errors.map((error) => error.policyId).sort(),
    };
    return { request, expected };
  });
  return { seed, policies, cases };
}

/** Where our answers differ from Cedar's, one line per request and policy. */
export function findMismatches(batch: Batch, language: Language = cedarLanguage): Mismatch[] {
  const compiled = compilePolicies(batch.policies, language);
  const mismatches: Mismatch[] = [];
  for (const { request, expected } of batch.cases) {
    const { permits, forbids, errors } = evaluatePolicies(compiled, request);
    const ours: Answer = {
      decision: permits.length > 0 && forbids.length === 0 ? 'allow' : 'deny',
      determining: (forbids.length > 0 ? forbids : permits).map((policy) => policy.id).sort(),
      erroring: errors.map((error) => error.policy.id).sort(),
    };
    if (JSON.stringify(ours) === JSON.stringify(expected)) continue;
    for (const policy of batch.policies) {
      const one = { ours: stateOf(ours, policy.id), cedar: stateOf(expected, policy.id) };
      if (one.ours === one.cedar) continue;
      const asked = JSON.stringify(toCedarJson(request));
      mismatches.push({ seed: batch.seed, policy: policy.text, request: asked, ...one });
    }
    // The decision follows from the lists; were it wrong alone, that must not pass unseen.
    if (mismatches.length === 0)
      throw new Error(`seed ${batch.seed}: decision ${ours.decision}, not ${expected.decision}`);
  }
  return mismatches;
}

function stateOf(answer: Answer, id: string): Mismatch['ours'] {
  if (answer.erroring.includes(id)) return 'error';
  return answer.determining.includes(id) ? 'holds' : 'does not hold';
}
