import { Fault } from '../../base/fault.ts';
import type { JsonObject, JsonValue } from '../../base/json.ts';
import type { Constraint } from '../../model/constraint.ts';
import type { Reason } from '../../model/decision.ts';
import { type Place, printPlace } from '../../model/place.ts';
import type { Principal } from '../../model/principal.ts';
import { findPath, type PathStep, reach } from './argument-path.ts';
import { compileConstraint, type Rule } from './compile-constraint.ts';
import { nearestNames } from './nearest-names.ts';
import { quoteName } from './quote-name.ts';
import type { SchemaDocument } from './schema-document.ts';
import { Unsupported } from './unsupported.ts';
import type { WorkBudget } from './work-budget.ts';

/** A constraint of the manifest, the argument it is on, and where it is written. */
export interface LocatedConstraint {
  /** Dotted path, as the manifest writes it. */
  readonly argument: string;
  readonly constraint: Constraint;
  readonly place: Place;
}

/** Constraints bound to one tool's schema. `apply` puts canonical forms in place and returns what does not hold. */
export interface BoundConstraints {
  apply(args: JsonObject, principal: Principal, budget: WorkBudget): { reasons: Reason[]; changed: boolean };
}

interface Bound {
  readonly located: LocatedConstraint;
  readonly steps: readonly PathStep[];
  readonly rules: readonly Rule[];
}

/**
 * Binds constraints to the schema they speak about. All of them have to hold. Throws a `Fault` E_CONFIG that names
 * every constraint whose argument the schema lacks (with the names it may have meant) or that cannot be enforced.
 *
 * An argument that is left out is a choice too: the server's. So a rule about *which* value (`allow`, `deny`,
 * `pattern`, `min`, `max`, `directories`, `hosts`) refuses a call that leaves its optional argument out, unless the
 * tool's pinned schema declares a default that satisfies the rule. `is` never takes a default: it needs the value.
 * `maxLength` and `maxItems` bound what the agent sends, and nothing sent is short. An argument that exists only in a
 * branch of the schema, and is required there, may be left out with the branch. An empty list satisfies all but `is`.
 */
export function bindConstraints(
  document: SchemaDocument,
  tool: string,
  constraints: readonly LocatedConstraint[],
): BoundConstraints {
  const problems: string[] = [];
  const bound: Bound[] = [];
  for (const located of constraints) {
    try {
      const found = findPath(document, located.argument);
      if (found.ok) bound.push({ located, steps: found.steps, rules: compileConstraint(located.constraint) });
      else problems.push(`${printPlace(located.place)}: ${describeMissing(tool, located.argument, found)}`);
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      problems.push(`${printPlace(located.place)}: the limit on \`${located.argument}\`: ${error.message}`);
    }
  }
  if (problems.length > 0) throw new Fault('E_CONFIG', problems.join('\n'));
  return {
    apply(args, principal, budget) {
      const reasons: Reason[] = [];
      let changed = false;
      for (const one of bound) {
        for (const rule of one.rules) if (applyRule(one, rule, args, principal, budget, reasons)) changed = true;
      }
      return { reasons, changed };
    },
  };
}

function describeMissing(tool: string, path: string, found: { missing: string; known: ReadonlySet<string> }): string {
  const near = nearestNames(found.missing, found.known);
  const hint = near.length > 0 ? `; did you mean ${near.map(quoteName).join(' or ')}?` : '';
  return `\`${tool}\` has no argument \`${path}\`: there is no \`${found.missing}\`${hint}`;
}

/** Applies one rule to every value its path reaches. Returns whether a value was put into canonical form. */
function applyRule(
  { located, steps }: Bound,
  rule: Rule,
  args: JsonValue,
  principal: Principal,
  budget: WorkBudget,
  reasons: Reason[],
): boolean {
  const names = steps.map((step) => step.name);
  const refuse = (path: string, why: string) => {
    const message = `\`${located.argument}\` ${why}`;
    reasons.push({ code: 'E_ARGUMENT_CONSTRAINT', message, path, place: located.place });
  };
  let changed = false;
  let judged = 0;
  for (const found of reach(args, names)) {
    if (found.kind === 'missing') {
      const why = judgeMissing(steps, found.step, found.blocked, rule, principal, budget);
      if (why) refuse(found.pointer, why);
      judged += 1;
      continue;
    }
    for (const [value, pointer, replace] of eachValue(rule, found.value, found.pointer, found.replace)) {
      judged += 1;
      budget.spend(1);
      const answer = rule.check(value, principal, budget);
      if (!answer.ok) refuse(pointer, answer.message);
      else if (answer.text !== undefined && answer.text !== value) {
        replace(answer.text);
        changed = true;
      }
    }
  }
  if (judged === 0 && rule.name === 'is') refuse('', 'has to be given');
  return changed;
}

type Single = readonly [value: JsonValue, pointer: string, replace: (value: JsonValue) => void];

/** The value itself, or where it is a list and the rule is about elements, every element of it, lists in lists too. */
function* eachValue(
  rule: Rule,
  value: JsonValue,
  pointer: string,
  replace: (value: JsonValue) => void,
): Generator<Single> {
  if (rule.wholeList || !Array.isArray(value)) {
    yield [value, pointer, replace];
    return;
  }
  for (const [index, element] of value.entries()) {
    yield* eachValue(rule, element, `${pointer}/${index}`, (next) => value.splice(index, 1, next));
  }
}

/** Why leaving a name out does not satisfy a rule, or undefined where it does. */
function judgeMissing(
  steps: readonly PathStep[],
  index: number,
  blocked: boolean,
  rule: Rule,
  principal: Principal,
  budget: WorkBudget,
): string | undefined {
  const step = steps[index];
  if (rule.name === 'is') return 'has to be given';
  if (!rule.choosesValue || !step) return undefined;
  if (blocked) return 'cannot be found where something else than an object stands';
  if (!step.optional) return undefined;
  if (step.undeclared) return 'has to be given, since what the server takes otherwise is not known';
  const names = steps.map((one) => one.name);
  for (const value of step.defaults) {
    for (const found of reach(value, names, index + 1)) {
      if (found.kind === 'missing') return 'has to be given, since the schema’s default does not say it';
      for (const [one] of eachValue(rule, found.value, '', () => {})) {
        if (!rule.check(one, principal, budget).ok)
          return 'has to be given, since the schema’s default is not within the limit';
      }
    }
  }
  return undefined;
}
