import type { Leaf } from './list-leaves.ts';
import type { Mention } from './read-mentions.ts';
import type { Field } from './read-records.ts';
import type { Task } from './read-task.ts';

/** Words that say that the number behind them names something, and counts or measures nothing. */
const LABEL =
  /\b(?<word>invoice|order|ticket|issue|case|id|reference|ref|account|customer|contract|policy|card|flight|room|page|chapter|version|line|booking|reservation|receipt|bill|number|no|nr)s?(?:\s(?:id|number|no|nr))?[.:]?\s*(?:is\s)?[#'"]?$|(?<hash>#)$/i;
const BEFORE_YEAR =
  /\b(?:in|before|after|since|until|till|by|of|during|year|from|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)\s*$/i;
const YEAR = /^(?:19|20|21)\d\d$/;
const MONEY_BEHIND = /^\s*(?:[%€$£]|percent\b|(?:eur|usd|gbp|chf|euros?|dollars?|pounds?)\b)/i;

/** Whether a number of the prompt is what something is called, or a year: `invoice 88412`. An argument called so may have it. */
export function isLabelled(mention: Mention, task: Task, argument: readonly string[] = []): boolean {
  const text = task.sentences[mention.sentence]?.text ?? '';
  for (let at = text.indexOf(mention.raw); at !== -1; at = text.indexOf(mention.raw, at + 1)) {
    const behind = text.slice(at + mention.raw.length);
    if (/^\d/.test(behind) || /\d$/.test(text.slice(0, at))) continue;
    if (MONEY_BEHIND.test(behind)) return false;
    const before = text.slice(Math.max(0, at - 40), at);
    const label = LABEL.exec(before)?.groups;
    const labelled = label !== undefined && !argument.includes(label['word']?.toLowerCase() ?? '#');
    if (!labelled && !(YEAR.test(mention.raw) && BEFORE_YEAR.test(before) && !argument.includes('year'))) return false;
  }
  return true;
}

/** The numbers of the prompt that may be counted with. */
export function listSaid(task: Task): number[] {
  const labels = new Set<number>();
  const counted = new Set<number>();
  for (const mention of task.mentions) {
    if (mention.kind !== 'number') continue;
    (isLabelled(mention, task) ? labels : counted).add(Number(mention.canonical));
  }
  return task.numbers.filter((number) => counted.has(number) || !labels.has(number));
}

/** Names of fields that say how much. */
const AMOUNTS: ReadonlySet<string> = new Set(
  'amount price total subtotal cost sum fee balance value rate budget rent salary due paid charge tax tip deposit share debt payment refund discount fare money wage bill eur usd gbp'.split(
    ' ',
  ),
);

/** Whether a field of a record can be what an argument takes: it says how much, or both are called the same. */
export const countsAs = (field: Field, leaf: Leaf): boolean =>
  field.words.some((word) => AMOUNTS.has(word) || leaf.words.includes(word));
