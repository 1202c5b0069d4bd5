import type { Digest } from '../base/digest.ts';
import { Fault } from '../base/fault.ts';
import type { Decision, Reason } from '../model/decision.ts';
import type { Manifest, PlaceOf } from '../model/manifest.ts';
import type { GovernedTool } from '../model/tool.ts';
import type { Outcomes } from './cedar/evaluate-policies.ts';
import { generateCedarSchema } from './cedar/generate-cedar-schema.ts';
import type { PolicySource } from './cedar/parse-policies.ts';
import { toCedarRequest } from './cedar/to-cedar-request.ts';
import { validatePolicies } from './cedar/validate-policies.ts';
import { checkDeclarations } from './check-declarations.ts';
import { combine, combineExplicit, type RuleOf } from './combine.ts';
import { speakForFlow } from './compile-flows.ts';
import { explain } from './explain.ts';
import type { DecisionRequest, Kernel } from './kernel.ts';
import { readObligations } from './obligations.ts';
import { openRuleBook } from './rule-book.ts';

/** Everything that decides. */
export interface BundleInput {
  /** The name of these rules, as `digestBundle` makes it of what they were read from. */
  readonly bundle: Digest;
  readonly manifest: Manifest;
  readonly placeOf: PlaceOf;
  /** The files under `policies`, in the manifest's order. */
  readonly policyFiles: readonly PolicySource[];
  /** Every tool of every configured server, as governed by this manifest. */
  readonly tools: readonly GovernedTool[];
}

export interface BuiltKernel {
  readonly kernel: Kernel;
  /** What is suspicious and no error, as `file:line:column: message`: a policy that can never apply, say. */
  readonly warnings: readonly string[];
}

/**
 * Compiles, parses and validates everything that decides. Throws a `Fault` `E_POLICY_INVALID` that lists what is wrong
 * as `file:line:column: message`, or `E_CONFIG` for declarations that the tools contradict; a kernel is never built from
 * a part of its policies.
 */
export function buildKernel(input: BundleInput): BuiltKernel {
  const { manifest, placeOf, bundle } = input;
  const userAttributes = manifest.users.attributes;
  const wrong = checkDeclarations(manifest, placeOf, input.tools);
  if (wrong.length > 0) throw new Fault('E_CONFIG', wrong.join('\n'));
  const book = openRuleBook(manifest, placeOf, input.policyFiles);
  const warnings =
    book.written.length === 0
      ? []
      : validatePolicies(book.written, generateCedarSchema(input.tools, { userAttributes }).schema);
  const obligationsOf = readObligations(manifest, placeOf);
  const observing = manifest.mode === 'observe';

  const conclude = (request: DecisionRequest, outcomes: Outcomes): Decision => {
    const ruleOf: RuleOf = (policy) => speakForFlow(book.ruleOf(policy), request.flow);
    const answer = combine(outcomes, ruleOf, () => describeUnpermitted(request, manifest, placeOf));
    const { agent } = request.principal;
    const finish = ({ verdict, reasons }: Pick<Decision, 'verdict' | 'reasons'>): Decision => ({
      verdict,
      reasons,
      obligations: verdict === 'deny' ? [] : obligationsOf(agent, request.tool),
      bundle,
    });
    if (!observing || answer.verdict === 'permit') return finish(answer);
    const control = combineExplicit(outcomes, ruleOf);
    if (control?.verdict === answer.verdict) return finish(answer);
    // What is let pass keeps the reasons against it; a control that stands is named first.
    const reasons = control ? [...control.reasons, ...answer.reasons] : answer.reasons;
    return { ...finish({ verdict: control?.verdict ?? 'permit', reasons }), observed: answer.verdict };
  };

  const kernel: Kernel = {
    bundle,
    policies: book.rules.map(({ id, kind, place, explicit }) => ({ id, kind, place, explicit })),
    decide(request) {
      try {
        return conclude(request, book.evaluate(toCedarRequest(request, userAttributes)));
      } catch (error) {
        return failClosed(bundle, error);
      }
    },
    explain(request) {
      try {
        return explain(request, { manifest, placeOf, book, conclude });
      } catch (error) {
        return { decision: failClosed(bundle, error), trace: [] };
      }
    },
  };
  return { kernel, warnings };
}

function describeUnpermitted({ principal, tool }: DecisionRequest, manifest: Manifest, placeOf: PlaceOf): Reason {
  const { agent } = principal;
  const listed = Object.hasOwn(manifest.agents, agent);
  return {
    code: 'E_NOT_PERMITTED',
    message: `no policy permits \`${agent}\` to call \`${tool.name}\``,
    place: placeOf(listed ? ['agents', agent, 'tools'] : ['agents']),
  };
}

/** The answer where the kernel itself is broken. Of the error only its kind is told: the rest may hold what the call held. */
function failClosed(bundle: Digest, error: unknown): Decision {
  const kind = error instanceof Error ? error.name : typeof error;
  const reasons: Reason[] = [{ code: 'E_INTERNAL', message: `the decision failed (${kind}), and what fails denies` }];
  return { verdict: 'deny', reasons, obligations: [], bundle };
}
