import type { GovernedTool } from '../model/tool.ts';
import { stemWord } from './fold-text.ts';
import { destructiveVerbs, isChangeVerb, isKnownNoun } from './lexicon.ts';
import { splitIdentifier } from './read-tool-words.ts';

const OF = '(?:of|that|which|who|whom|whose|with|without|between|by|per)';
/** What opens a description that says what there is to see, and no verb. */
const SHOWS: readonly RegExp[] = [
  /^(?:all|every\w*|each|the|your|our|who|whom|what|which|whether|where|when|how)\b/i,
  new RegExp(`^(?:\\w+ )?(?<thing>\\w+s)(?=(?:,? and \\w+)? ${OF}\\b|[.,]|$)`, 'iu'),
  /^(?<thing>\w+) of\b/iu,
];
/** Words after which a description names what a tool does besides. */
const DOES =
  /\b(?:(?:then|also|will|to|can)\s+(?<verb>\w+)|and\s+(?<second>\w+)\s+(?:a|an|the|it|them|all|any|your|their|its|this|that|these|those|one|some|every|each)\b)/giu;
/** What happens once, said as a thing: `payment` pays. */
const DEEDS =
  /^(?:payment|transfer|refund|booking|reservation|order|purchase|cancellation|deletion|removal|registration|activation|reset|restart|reboot|shutdown|checkout|login|logout|submission|confirmation|approval|rejection|renewal|refill|dispatch|release|deployment|rollback|backup|update|upgrade|upload|download|post|message|email|mail|sms|call|invite|print|withdrawal|deposit|donation|trade|vote|command|command|query|action|operation|request)$/;
/** Arguments that can hold words for somebody, an amount, or an order. */
const SAYS: ReadonlySet<string> = new Set(
  'amount price sum text body message content note comment title subject description data value code command cmd sql html script action operation mode state status flag enabled force'.split(
    ' ',
  ),
);

const kept = new WeakMap<GovernedTool, boolean>();

/**
 * A tool whose effect cannot be told from a verb, since its name has none: `lab_report`, `slots_open`. Its description opens with
 * what there is to see, nothing in either does anything, and no argument can hold words, an amount, an order, or somebody
 * who gets something. It stays a write to whoever decides about writes; flow asks of it no more than of a read.
 */
export function showsOnly(tool: GovernedTool): boolean {
  const known = kept.get(tool);
  if (known !== undefined) return known;
  const shows = !tool.declared && tool.effect === 'write' && namesThings(tool);
  kept.set(tool, shows);
  return shows;
}

function namesThings({ tool: { name, description }, sinks }: GovernedTool): boolean {
  const words = splitIdentifier(name);
  // What opens a name and may be a verb is one: `open_account`, and `slots_open` are those that are.
  const isDoing = (word: string, i: number): boolean =>
    word === 'open'
      ? i === 0
      : destructiveVerbs.has(word) || (isChangeVerb(word) && !isKnownNoun(stemWord(word)) && !NOUNS.has(word));
  if (words.some(isDoing) || DEEDS.test(words.at(-1) ?? '')) return false;
  if (!words.some((word) => isKnownNoun(stemWord(word)) || NOUNS.has(word) || /[^s]s$/.test(word))) return false;
  if (!opensWithThing(description.trim())) return false;
  for (const { groups } of description.matchAll(DOES)) {
    const verb = (groups?.['verb'] ?? groups?.['second'] ?? '').toLowerCase();
    if ([verb, stemWord(verb)].some((one) => isChangeVerb(one) && !isKnownNoun(one))) return false;
  }
  return sinks.every(
    ({ path, carries }) =>
      (carries === 'data' || carries === 'authority' || WHOSE.test(path)) &&
      splitIdentifier(path).every((word) => !SAYS.has(stemWord(word))),
  );
}
/** Verbs that are names of what is looked at. */
const NOUNS: ReadonlySet<string> = new Set(
  'schedule history report book log record invoice note file table list plan'.split(' '),
);
/** Whom the things shown belong to, which sends nothing to them. */
const WHOSE =
  /^(?:user|member|employee|patient|customer|client|student|person|contact|account|channel|group|assignee)(?:_?id|_?name)?$/i;

function opensWithThing(description: string): boolean {
  return SHOWS.some((opening) => {
    const found = opening.exec(description);
    if (found === null) return false;
    const thing = found.groups?.['thing']?.toLowerCase();
    if (thing === undefined) return true;
    const first = splitIdentifier(description.split(' ', 1)[0] ?? '')[0] ?? '';
    // `Opens of doors` is nobody's English, and `Messages a person` is stopped by what has to follow.
    return first === thing || !isChangeVerb(stemWord(first)) || first === 'open';
  });
}
