import type { Decision } from '../model/decision.ts';
import type { Manifest } from '../model/manifest.ts';
import type { Outcomes } from './cedar/evaluate-policies.ts';
import type { ParsedPolicy } from './cedar/parse-policies.ts';
import { toCedarRequest } from './cedar/to-cedar-request.ts';
import { combine, type RuleOf } from './combine.ts';
import type { DecisionRequest } from './kernel.ts';
import { applyAll, listChanges, patternsOf } from './list-changes.ts';
import { openRuleBook, type RuleBook } from './rule-book.ts';
import type { Change, Ground, WhatIf } from './what-if.ts';

/** Alternatives of the same size named in one sentence. */
const SHOWN = 3;

/** With more changes to choose from than these, pairs are not searched, and no combination is: nobody would read it. */
const PAIRED = 40;
const COMBINED = 100;

/**
 * The smallest change that would have permitted the call, as one sentence that names file and line: undefined for
 * what is permitted already, or if no change that is known does it. Every change is tried, not guessed: the manifest
 * is changed, compiled and asked again. A change after which a person is asked counts if none of its size permits.
 */
export function findNearestChange(request: DecisionRequest, ground: Ground): string | undefined {
  const start = sliceFor(request, ground.manifest);
  const judge = judgeWorlds(ground);
  const before = judge(start);
  if (before === 'permit') return undefined;
  const changes = listChanges(start, ground);
  const judgeWith = (set: readonly Change[]): Decision['verdict'] => judge(applyAll(start, set));

  const couples = changes.length > PAIRED ? [] : pairs(changes);
  for (const sets of [changes.map((change) => [change]), couples]) {
    const tried = sets.map((set) => ({ set, verdict: judgeWith(set) }));
    const permits = describeAny(tried.filter(({ verdict }) => verdict === 'permit'));
    if (permits !== undefined) return permits;
    const asks = before === 'deny' ? describeAny(tried.filter(({ verdict }) => verdict === 'ask')) : undefined;
    if (asks !== undefined) return `${asks}; a person is then asked`;
  }
  if (changes.length > COMBINED) return undefined;
  return shrink(changes, (set) => judgeWith(set) === 'permit');
}

/** What bears on this agent and tool, and nothing else of the manifest: a what-if is then compiled in no time. */
function sliceFor(request: DecisionRequest, manifest: Manifest): WhatIf {
  const { agent } = request.principal;
  const patterns = patternsOf(request);
  const entry = Object.hasOwn(manifest.agents, agent) ? manifest.agents[agent] : undefined;
  const slice = entry && {
    ...entry,
    tools: Object.fromEntries(Object.entries(entry.tools).filter(([pattern]) => patterns.includes(pattern))),
    deny: entry.deny.filter((pattern) => patterns.includes(pattern)),
  };
  return { manifest: { ...manifest, agents: slice ? { [agent]: slice } : {} }, request, dropped: new Set() };
}

/** Decides in other worlds. Where only the request differs, the same manifest is compiled once. */
function judgeWorlds({ book, placeOf }: Ground): (world: WhatIf) => Decision['verdict'] {
  const compiled = new Map<Manifest, RuleBook>();
  return ({ manifest, request, dropped }) => {
    const slice = compiled.get(manifest) ?? openRuleBook(manifest, placeOf, []);
    compiled.set(manifest, slice);
    const cedarRequest = toCedarRequest(request, manifest.users.attributes);
    const all = book.evaluate(cedarRequest);
    const some = slice.evaluate(cedarRequest);
    const kept = (policy: ParsedPolicy): boolean => !book.ruleOf(policy).generated && !dropped.has(policy.id);
    const outcomes: Outcomes = {
      permits: [...some.permits, ...all.permits.filter(kept)],
      forbids: [...some.forbids, ...all.forbids.filter(kept)],
      errors: [...some.errors, ...all.errors.filter(({ policy }) => kept(policy))],
    };
    const ruleOf: RuleOf = (policy) => (slice.holds(policy) ? slice : book).ruleOf(policy);
    return combine(outcomes, ruleOf, () => ({ code: 'E_NOT_PERMITTED', message: '' })).verdict;
  };
}

/** The sentence of up to three alternatives, one for each thing they are about. */
function describeAny(found: readonly { readonly set: readonly Change[] }[]): string | undefined {
  const sentences = new Map<string, string>();
  for (const { set } of found) {
    const about = set.map((change) => change.about).join('\n');
    if (!sentences.has(about)) sentences.set(about, describe(set));
  }
  return sentences.size === 0 ? undefined : [...sentences.values()].slice(0, SHOWN).join(', or ');
}

/** All changes together, less each one that is not needed. Undefined if even all together do not do. */
function shrink(changes: readonly Change[], enough: (set: readonly Change[]) => boolean): string | undefined {
  let needed = changes;
  if (!enough(needed)) return undefined;
  for (const change of changes.toReversed()) {
    const without = needed.filter((other) => other !== change);
    if (enough(without)) needed = without;
  }
  return describe(needed);
}

function pairs(changes: readonly Change[]): Change[][] {
  return changes.flatMap((first, i) =>
    changes
      .slice(i + 1)
      .filter((second) => second.about !== first.about)
      .map((second) => [first, second]),
  );
}

function describe(changes: readonly Change[]): string {
  return changes.map((change) => change.sentence).join(' and ');
}
