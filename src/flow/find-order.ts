import type { GovernedTool, ToolName } from '../model/tool.ts';
import { readAtoms } from './atoms.ts';
import { findSpelling } from './find-spelling.ts';
import { listWords } from './fold-text.ts';
import { isContentOfNamed } from './judge-party.ts';
import { speaksOfLinks } from './judge-url.ts';
import { readImperatives, sameVerb } from './lexicon.ts';
import type { Leaf } from './list-leaves.ts';
import { listTokens } from './read-clause.ts';
import { readSentence } from './read-sentence.ts';
import type { Task } from './read-task.ts';
import { readToolWords } from './read-tool-words.ts';
import type { Finding, RunView } from './run-view.ts';
import type { Occurrence } from './seen-record.ts';

/** Words a text has at least to say something, and characters a value has at least to be told apart in it. */
const WORDS = 3;
const CHARACTERS = 2;
/** Characters around a value in which its verb is looked for. */
const NEAR = 300;
const SENTENCE = /[.!?;\n]+(?:\s+|$)/u;
/** The prompt takes over what somebody says, without handing over to them. */
const TAKES_OVER =
  /\b(?:what(?:ever)?|as|everything|anything)\b[^.!?\n]{0,40}\b(?:ask|want|say|said|need|suggest|request|recommend|tell|told|wrote|mention)(?:s|ed)?\b/i;

/** What proves that a value of a call is the wish of others: who read it, and whether its text orders just this call. */
export interface Order {
  readonly tool: ToolName;
  readonly kind: 'ordered' | 'only-told';
}

/**
 * Looks in everything that others wrote for a value that the prompt does not vouch for. `ordered`: a sentence with this
 * value gives an order that this tool carries out. `only-told`: the value stands nowhere but in such text, and the prompt
 * neither points to that text nor asks that such a value be found. Undefined: neither can be shown.
 */
export function findOrder(tool: GovernedTool, leaf: Leaf, finding: Finding, view: RunView): Order | undefined {
  if (view.task.delegates === 'actions') return undefined;
  for (const text of listValues(leaf, finding)) {
    const order = findOrderOf(tool, text, leaf, finding, view);
    if (order !== undefined) return order;
  }
  return undefined;
}

/** The value; of content the URLs in it that are doubted. */
function listValues(leaf: Leaf, { trust, from }: Finding): string[] {
  if (typeof leaf.value === 'boolean') return [];
  const text = String(leaf.value).trim();
  const isContent = leaf.carries === 'data' && trust !== 'trusted' && from === undefined;
  const urls = readAtoms(text).filter(({ kind }) => kind === 'url');
  return isContent && urls.length > 0 ? urls.map(({ start, end }) => text.slice(start, end)) : [text];
}

function findOrderOf(tool: GovernedTool, text: string, leaf: Leaf, finding: Finding, view: RunView): Order | undefined {
  const { task, index } = view;
  if (text.length < CHARACTERS) return undefined;
  const places = index.textsHolding(text)?.filter((place) => isText(place) && findSpelling(text, place.field.text));
  if (places === undefined) return undefined;
  const isLent = task.delegates !== 'none' || TAKES_OVER.test(task.text);
  const links = speaksOfLinks(task);
  const isOwn = (place: Occurrence): boolean =>
    leaf.carries === 'destination' ? links : isLent && isContentOfNamed(place);
  const { verbs } = readToolWords(tool.tool);
  const looks = leaf.carries === 'destination';
  const ordering = places.find((place) => !isOwn(place) && isOrdered(place.field.text, text, verbs, looks));
  if (ordering) return { tool: ordering.record.tool, kind: 'ordered' };
  // What may be the agent's own words gives orders, and hides nothing else.
  const told = places.filter(({ record }) => !record.untold);
  const [first] = told;
  const isTold =
    isName(leaf, finding) &&
    told.every((place) => (looks ? !links : !isContentOfNamed(place))) &&
    !isSought(leaf, task) &&
    !index.isField(text);
  return isTold && first !== undefined ? { tool: first.record.tool, kind: 'only-told' } : undefined;
}

/** Some text, and not the one value that a field is. What only may be the agent's own words may be an order as well. */
const isText = ({ record, field }: Occurrence): boolean =>
  (!record.ownWrite || record.untold) &&
  record.yields?.integrity !== 'trusted' &&
  listWords(field.text).length >= WORDS;

/** Numbers and common words stand everywhere. */
const isName = ({ value, carries }: Leaf, { from }: Finding): boolean =>
  typeof value === 'string' &&
  ((carries !== undefined && carries !== 'data') || from === 'nowhere') &&
  !/^[\d\s.,-]*$/.test(value);

/** `Look for a coupon code in my mails`: the prompt asks that a value of this sort be found in what others wrote. */
const isSought = ({ words }: Leaf, task: Task): boolean =>
  task.sentences.some(({ sought }) => words.some((word) => sought.has(word)));

/** `looks`: an order to look is one as well. */
function isOrdered(text: string, value: string, verbs: readonly string[], looks: boolean): boolean {
  // What parts sentences may stand in the value too.
  const masked = text.replaceAll(value, 'Q'.repeat(value.length));
  return masked.split(SENTENCE).some((part) => {
    const at = part.indexOf('Q'.repeat(value.length));
    if (at === -1) return false;
    const near = part.slice(Math.max(0, at - NEAR), at + value.length + NEAR);
    const { verbs: orders } = readSentence(near, near, false);
    if (orders.some((order) => !order.negated && verbs.some((verb) => sameVerb(order.word, verb)))) return true;
    return looks && listTokens(near).some(({ word }) => readImperatives.has(word) || LOOKS.has(word));
  });
}
const LOOKS: ReadonlySet<string> = new Set(['open', 'visit', 'go', 'click', 'load', 'see', 'follow']);
