import { findForeignAccount } from './find-foreign-account.ts';
import { foldText, listWords } from './fold-text.ts';
import { onlyLooksByName } from './grant-authority.ts';
import { holdToSources, judgeDeclared } from './judge-declared.ts';
import { judgeParty } from './judge-party.ts';
import { judgeTarget } from './judge-target.ts';
import { findForeignUrl, judgeDestination } from './judge-url.ts';
import type { Leaf } from './list-leaves.ts';
import { readToolWords } from './read-tool-words.ts';
import { COMPOSED, doubt, type Finding, PROMPT, type RunView, trusted } from './run-view.ts';

/** Words of arguments that hold content or a time; what stands in them is no choice of an object. */
const CONTENT: ReadonlySet<string> = new Set(
  'body content text message description subject title note comment caption summary reason date time day month year start end until duration location street city data html markdown detail instruction feedback review letter answer greeting remark memo annotation explanation justification statement resolution why cause rationale'.split(
    ' ',
  ),
);
/** Verbs that make what was not there: what it is called is the model's to say, unless the prompt says it. */
const MAKING: ReadonlySet<string> = new Set('create append write draft save generate compose make new'.split(' '));
/** Of what belongs to somebody, where it is and what it says is a choice like any other. */
const CHANGING: ReadonlySet<string> = new Set('update set change edit modify'.split(' '));
const BELONGING: ReadonlySet<string> = new Set(
  'user account profile address info information detail contact setting preference payment billing shipping'.split(' '),
);
const PLACE: ReadonlySet<string> = new Set('street city location data'.split(' '));
/** Where access is given or taken, the subject is whose it is, and no line above a letter. */
const GRANTING: ReadonlySet<string> = new Set(
  'grant revoke allow permit assign promote demote ban block add remove authorize approve deny'.split(' '),
);
const NAMED_AS = /\b(?:called|named|titled|entitled|with the (?:name|title))\b/i;
const SELECTOR_CHARACTERS = 100;

/** Where one protected value comes from, judged by what its argument carries. */
export function judgeLeaf(leaf: Leaf, view: RunView): Finding {
  const finding = judgeDeclared(leaf, view) ?? holdToSources(judgeByKind(leaf, view), leaf);
  if (!leaf.isName || finding.canonical === undefined || finding.canonical === leaf.value) return finding;
  return doubt('ask', 'a name that is written in another way than where it was seen', finding.origins);
}

function judgeByKind(leaf: Leaf, view: RunView): Finding {
  const text = String(leaf.value);
  switch (leaf.carries) {
    case 'recipient':
      // Who is removed has to be named beside the verb that removes.
      if (view.authority.destructive) return judgeTarget(leaf, view);
      return typeof leaf.value === 'string' ? judgeParty(leaf.value, view) : judgeTarget(leaf, view);
    case 'destination':
      return judgeDestination(text, view);
    case 'authority':
      return /@|:\/\//.test(text) ? judgeParty(text, view) : judgeTarget(leaf, view);
    default:
      return isSelector(leaf, view) ? judgeTarget(leaf, view) : judgeContent(leaf, text, view);
  }
}

/** A short text that chooses what a tool acts on, such as the hotel of `reserve_hotel`, is a choice like an id. */
function isSelector(leaf: Leaf, view: RunView): boolean {
  if (typeof leaf.value !== 'string' || leaf.value.length > SELECTOR_CHARACTERS || leaf.value === '') return false;
  if (onlyLooksByName(view.tool)) return false;
  const { verb } = readToolWords(view.tool.tool);
  // `Change my address as the letter says`: what content says is what the prompt delegates to.
  const isLent = view.delegated.text.includes(foldText(leaf.value));
  const belongs = CHANGING.has(verb) && !isLent && view.objects.some((object) => BELONGING.has(object));
  const isParty = GRANTING.has(verb) && leaf.words.at(-1) === 'subject';
  if (!isParty && leaf.words.some((word) => CONTENT.has(word) && !(belongs && PLACE.has(word))))
    return isSaidName(leaf, view);
  if (MAKING.has(verb)) return isSaidName(leaf, view);
  return leaf.words.some((word) => view.objects.includes(word)) || view.tool.consequence === 'high';
}

/** The prompt says what the thing that is made is to be called. */
function isSaidName(leaf: Leaf, { tool, authority, task }: RunView): boolean {
  return (
    MAKING.has(readToolWords(tool.tool).verb) &&
    /^(?:name|title|filename)$/.test(leaf.words.at(-1) ?? '') &&
    authority.sentences.some((sentence) => NAMED_AS.test(task.sentences[sentence]?.text ?? ''))
  );
}

/** Content is the model's to write. Only the URLs in what leaves are looked at here; secrecy decides the rest. */
function judgeContent(leaf: Leaf, text: string, view: RunView): Finding {
  if (typeof leaf.value !== 'string')
    return view.task.numbers.includes(Number(leaf.value)) ? trusted(PROMPT) : trusted(COMPOSED);
  const foreign = findForeignUrl(text, view) ?? findForeignAccount(text, view);
  if (foreign) return foreign;
  const words = listWords(text);
  return words.length > 0 && view.task.text.includes(text)
    ? trusted(PROMPT)
    : { trust: 'trusted', message: 'content', origins: [COMPOSED] };
}
