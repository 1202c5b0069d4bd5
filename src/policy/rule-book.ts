import { assert } from '../base/assert.ts';
import type { Manifest, PlaceOf } from '../model/manifest.ts';
import type { CedarRequest } from './cedar/cedar-request.ts';
import { type CompiledPolicies, compilePolicies } from './cedar/compile-policies.ts';
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
  return bind(parsed, [...compiled.map(ruleOfManifest), ...written.map(ruleOfFile)], written);
}

/** The same files under another manifest, without those whose ids are in `dropped`. For what-ifs: nothing is parsed twice. */
export function rewriteRuleBook(
  book: RuleBook,
  manifest: Manifest,
  placeOf: PlaceOf,
  dropped: ReadonlySet<string>,
): RuleBook {
  const compiled = compileManifest(manifest, placeOf);
  const parsed = parsePolicies(compiled.map(({ text, place }) => ({ file: place.file, text, place })));
  const written = book.written.filter((policy) => !dropped.has(policy.id));
  return bind([...parsed, ...written], [...compiled.map(ruleOfManifest), ...written.map(book.ruleOf)], written);
}

function bind(parsed: readonly ParsedPolicy[], rules: readonly Rule[], written: readonly ParsedPolicy[]): RuleBook {
  const policies: CompiledPolicies = compilePolicies(parsed);
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
    evaluate: (request) => evaluatePolicies(policies, request),
    inScope: (request) => policies.index.find(request).map(({ policy }) => ruleOf(policy)),
  };
}
