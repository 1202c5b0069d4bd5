import { listHiddenTexts } from './decode-forms.ts';

/** Attributes whose address is fetched without a click, and then `href` and `content` of the elements that fetch them. */
const ATTRIBUTE =
  /\b(?:src|srcset|poster|background|data|imagesrcset)\s{0,20}=\s{0,20}("[^"]{0,8000}|'[^']{0,8000}|[^\s"'>]{1,8000})/gi;
const ELEMENT =
  /<(?:link|image|use|feimage|base|meta)\b[^<]{0,500}?\b(?:xlink:)?(?:href|content)\s{0,20}=\s{0,20}("[^"]{0,8000}|'[^']{0,8000}|[^\s"'>]{1,8000})/gi;
const STYLE = /\burl\(\s{0,20}["']?([^)"']{1,4000})|@import\s{1,20}["']([^"']{1,4000})/gi;
/** `[label]: address`, wherever a block may begin. */
const DEFINITION = /^[>\s*+-]{0,20}\[[^\]]{1,999}\]:\s{0,20}<?([^\s>]{1,4000})/gm;
const ALT_CHARS = 4_000;
/** What Markdown reads before brackets, or in them: where there is one of these, an image may end elsewhere than it seems. */
const UNPLAIN = /[`<\\]|!\[/;

/**
 * The addresses that a reader's program loads by itself when it shows a text, as Markdown or HTML, and so tells their
 * host whatever stands in them. Rather one too many: links count where they cannot be told from images.
 */
export function listLoaded(text: string): string[] {
  return [text, ...listHiddenTexts(text)].flatMap((form) => [...listImages(form), ...listOfMarkup(form)]);
}

function* listImages(text: string): Generator<string> {
  let isReferred = false;
  for (let at = text.indexOf('!['), next = 0; at >= 0; at = text.indexOf('![', next)) {
    const end = closeBracket(text, at + 1);
    const alt = text.slice(at + 2, end ?? at + ALT_CHARS);
    next = end ?? at;
    if (end !== undefined && !UNPLAIN.test(alt) && text[end + 1] === '(') {
      yield readDestination(text.slice(end + 2, end + 2 + ALT_CHARS));
      continue;
    }
    isReferred = true;
    if (end === undefined || UNPLAIN.test(alt)) {
      const paragraph = readParagraph(text, at);
      yield* splitAddresses(paragraph);
      next = at + paragraph.length;
    } else yield* splitAddresses(alt);
  }
  if (isReferred) for (const [, address = ''] of text.matchAll(DEFINITION)) yield address;
}

function listOfMarkup(text: string): string[] {
  const attributes = /<[a-z]/i.test(text) ? [...text.matchAll(ATTRIBUTE), ...text.matchAll(ELEMENT)] : [];
  return [
    ...attributes.flatMap(([, value = '']) => splitAddresses(value)),
    ...[...text.matchAll(STYLE)].map(([, inside, imported]) => (inside ?? imported ?? '').trim()),
  ];
}

/** Where the bracket that opens at `from` closes. */
function closeBracket(text: string, from: number): number | undefined {
  let depth = 0;
  for (let i = from; i < Math.min(text.length, from + ALT_CHARS); i++) {
    if (text[i] === '[') depth++;
    else if (text[i] === ']' && --depth === 0) return i;
  }
  return undefined;
}

function readDestination(text: string): string {
  const [, angled, plain] = /^\s{0,20}(?:<([^>\n]{0,4000})|([^\s)]{0,4000}))/.exec(text) ?? [];
  return angled ?? plain ?? '';
}

function readParagraph(text: string, from: number): string {
  const end = text.slice(from).search(/\n\s{0,20}\n/);
  return end < 0 ? text.slice(from) : text.slice(from, from + end);
}

const splitAddresses = (text: string): string[] => text.split(/[\s,;()<>"'[\]]+/).filter((part) => part !== '');
