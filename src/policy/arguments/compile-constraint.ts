import type { JsonValue } from '../../base/json.ts';
import type { Constraint } from '../../model/constraint.ts';
import type { Principal, User } from '../../model/principal.ts';
import { compilePattern } from './linear-pattern.ts';
import { compileGlobs } from './match-glob.ts';
import { compileHostRule, readUrl } from './read-url.ts';
import { liesWithin, resolvePath } from './resolve-path.ts';
import { Unsupported } from './unsupported.ts';
import type { WorkBudget } from './work-budget.ts';

/** What a rule says to one value. `text` is the canonical form that was judged and that has to be what executes. */
export type Answer = { readonly ok: true; readonly text?: string } | { readonly ok: false; readonly message: string };

/** One rule of a constraint, compiled. */
export interface Rule {
  readonly name: keyof Constraint;
  /** Whether the rule is about which value it is, so that leaving the argument out leaves that choice to the server. */
  readonly choosesValue: boolean;
  /** Whether the rule is about a list as a whole instead of every element. */
  readonly wholeList: boolean;
  check(value: JsonValue, principal: Principal, budget: WorkBudget): Answer;
}

/** Compiles the rules of one constraint. Throws `Unsupported` for a rule that cannot be enforced. */
export function compileConstraint(constraint: Constraint): readonly Rule[] {
  const rules: Rule[] = [];
  const { allow, deny, pattern, min, max, maxLength, maxItems, directories, hosts, is } = constraint;
  if (allow) rules.push(allowRule(allow));
  if (deny) rules.push(denyRule(deny));
  if (pattern !== undefined) rules.push(patternRule(pattern));
  if (min !== undefined) rules.push(rangeRule('min', (value) => value >= min, `has to be at least ${min}`));
  if (max !== undefined) rules.push(rangeRule('max', (value) => value <= max, `has to be at most ${max}`));
  if (maxLength !== undefined) rules.push(lengthRule(maxLength));
  if (maxItems !== undefined) rules.push(itemsRule(maxItems));
  if (directories) rules.push(directoriesRule(directories));
  if (hosts) rules.push(hostsRule(hosts));
  if (is !== undefined) rules.push(isRule(is));
  return rules;
}

const OK: Answer = { ok: true };
const no = (message: string): Answer => ({ ok: false, message });

/** The text of a value that is one: a string, or a number or truth value as JSON writes it. */
function textOf(value: JsonValue): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? JSON.stringify(value) : undefined;
}

function textRule(name: keyof Constraint, check: (text: string, budget: WorkBudget) => Answer): Rule {
  return {
    name,
    choosesValue: name !== 'maxLength',
    wholeList: false,
    check(value, _principal, budget) {
      const text = textOf(value);
      return text === undefined ? no(`is not a single value, so \`${name}\` cannot hold`) : check(text, budget);
    },
  };
}

function allowRule(globs: readonly string[]): Rule {
  const list = compileGlobs(globs);
  return textRule('allow', (text) => (list.permits(text) ? OK : no('is not one of the values in `allow`')));
}

function denyRule(globs: readonly string[]): Rule {
  const list = compileGlobs(globs);
  return textRule('deny', (text) => (list.forbids(text) ? no('is one of the values in `deny`') : OK));
}

function patternRule(source: string): Rule {
  const pattern = compilePattern(source);
  return textRule('pattern', (text, budget) => {
    budget.spend(pattern.cost(text.length));
    return pattern.matchesWhole(text) ? OK : no('does not match `pattern` as a whole');
  });
}

function rangeRule(name: 'min' | 'max', holds: (value: number) => boolean, message: string): Rule {
  return {
    name,
    choosesValue: true,
    wholeList: false,
    check: (value) => (typeof value === 'number' && holds(value) ? OK : no(`${message}, as a number`)),
  };
}

function lengthRule(maxLength: number): Rule {
  return textRule('maxLength', (text) => {
    if (text.length <= maxLength) return OK;
    // Characters as people count them: a code unit is half of some.
    const over = text.length > maxLength * 2 || [...text].length > maxLength;
    return over ? no(`is longer than ${maxLength} characters`) : OK;
  });
}

function itemsRule(maxItems: number): Rule {
  return {
    name: 'maxItems',
    choosesValue: false,
    wholeList: true,
    check: (value) => (Array.isArray(value) && value.length > maxItems ? no(`has more than ${maxItems} items`) : OK),
  };
}

function directoriesRule(directories: readonly string[]): Rule {
  const allowed = directories.map((directory) => {
    const resolved = resolvePath(directory);
    if (!resolved.ok) throw new Unsupported(`a directory of \`directories\` ${resolved.message}`);
    return resolved;
  });
  return textRule('directories', (text) => {
    const resolved = resolvePath(text);
    if (!resolved.ok) return no(resolved.message);
    if (!allowed.some((directory) => liesWithin(resolved, directory))) return no('lies in none of `directories`');
    return { ok: true, text: resolved.text };
  });
}

function hostsRule(hosts: readonly string[]): Rule {
  const rules = hosts.map((host) => {
    const rule = compileHostRule(host);
    if (!rule) throw new Unsupported('an entry of `hosts` is not a host such as `api.example.com` or `*.example.com`');
    return rule;
  });
  return textRule('hosts', (text) => {
    const url = readUrl(text);
    if (!url.ok) return no(url.message);
    if (!rules.some((rule) => rule.isMatch(url))) return no('has a host that is none of `hosts`');
    return { ok: true, text: url.text };
  });
}

function isRule(fact: string): Rule {
  return {
    name: 'is',
    choosesValue: true,
    wholeList: false,
    check(value, principal) {
      const known = readFact(fact, principal.onBehalfOf);
      if (known === undefined) return no(`has to be \`${fact}\`, which is not known of the user of this run`);
      return value === known ? OK : no(`has to be \`${fact}\` of the user of this run`);
    },
  };
}

function readFact(fact: string, user: User | undefined): string | number | boolean | undefined {
  if (!user) return undefined;
  if (fact === 'user.id') return user.id;
  const name = fact.slice('user.attributes.'.length);
  return Object.hasOwn(user.attributes, name) ? user.attributes[name] : undefined;
}
