import { assert } from '../base/assert.ts';
import type { Manifest, PlaceOf } from '../model/manifest.ts';
import type { CedarRequest } from './cedar/cedar-request.ts';
import { compilePolicies } from './cedar/compile-policies.ts';
import { evaluatePolicies, type Outcomes } from './cedar/evaluate-policies.ts';
import { type ParsedPolicy, type PolicySource, parsePolicies } from './cedar/parse-policies.ts';
import type { RuleOf } from './combine.ts';
import { compileManifest } from './compile-manifest.ts';
import { type Rule, ruleOfFile, ruleOfManifest } from './rule.ts';

/** All policies of a bundle, ready to be evaluated. */
export interface RuleBook {
  /** The manifest's first, in the order they are written. */
  readonly rules: readonly Rule[];
  /** The policies of `.cedar` files. */
  readonly written: readonly ParsedPolicy[];
  readonly ruleOf: RuleOf;
  /** Whether `ruleOf` knows this very policy. */
  holds(policy: ParsedPolicy): boolean;
  evaluate(request: CedarRequest): Outcomes;
  /** The rules that are about the request's agent, action and tool, whatever their conditions say. */
  inScope(request: CedarRequest): readonly Rule[];
}

/**
 * Compiles a manifest, parses the files and joins them: nobody's policy takes part in deciding but these. Throws a
 * `Fault` `E_POLICY_INVALID` that names the file and line.
 */
export function openRuleBook(manifest: Manifest, placeOf: PlaceOf, files: readonly PolicySource[]): RuleBook {
  const compiled = compileManifest(manifest, placeOf);
  const sources = compiled.map(({ text, place }): PolicySource => ({ file: place.file, text, place }));
  const parsed = parsePolicies([...sources, ...files]);
  assert(parsed.length >= compiled.length, 'every compiled policy is one statement');
  const written = parsed.slice(compiled.length);
  const rules = [...compiled.map(ruleOfManifest), ...written.map(ruleOfFile)];
  const policies = compilePolicies(parsed);
  const byPolicy = new Map<ParsedPolicy, Rule>();
  for (const [i, policy] of parsed.entries()) {
    const rule = rules[i];
    assert(rule?.id === policy.id, 'rules and policies stand in the same order');
    byPolicy.set(policy, rule);
  }
  const ruleOf: RuleOf = (policy) => {
    const rule = byPolicy.get(policy);
    assert(rule, 'only policies of this book are evaluated');
    return rule;
  };
  return {
    rules,
    written,
    ruleOf,
    holds: (policy) => byPolicy.has(policy),
    evaluate: (request) => evaluatePolicies(policies, request),
    inScope: (request) => policies.inScope(request).map(({ policy }) => ruleOf(policy)),
  };
}
