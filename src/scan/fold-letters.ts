import { type RewrittenText, rewriteText } from './rewrite-text.ts';
import { surveyText } from './survey-text.ts';

/**
 * Writes look-alikes as the ASCII they look like: full-width, mathematical, circled letters and ligatures (by NFKC),
 * and letters of other scripts inside words that consist of look-alikes only. A Russian word stays a Russian word;
 * one that is made up to look English does not. Returns undefined when there is nothing to fold.
 */
export function foldLetters(text: string): RewrittenText | undefined {
  if (!surveyText(text).hasNonAscii) return undefined;
  return rewriteText(text, WORD, foldWord);
}

const NOT_ASCII = /[\u0080-\uffff]/;
/** Bounded, so that a text without spaces costs no more than others. */
const WORD = /[\w'’\u00c0-\u{10ffff}]{1,200}/gu;

function foldWord(word: string): string | undefined {
  if (!NOT_ASCII.test(word)) return undefined;
  // Without a single plain letter it may be a word of its own script: only letters that cannot be told apart count.
  if (
    !/[A-Za-z]/.test(word) &&
    !IMITATION_ONLY.test(word) &&
    LETTER.test(word.normalize('NFKC').replace(/[A-Za-z]/g, ''))
  ) {
    return undefined;
  }
  let folded = '';
  for (const character of word.normalize('NFKC')) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 128) folded += character;
    else if (code >= 0x300 && code <= 0x36f)
      continue; // a mark that composes with nothing only disturbs
    else {
      const plain = lookalikes.get(character) ?? squaredLetter(code);
      // A letter that looks like no other: the word is what it says.
      if (plain === undefined && LETTER.test(character)) return undefined;
      folded += plain ?? character;
    }
  }
  return folded;
}

/** Letters of other scripts that are drawn exactly like Latin ones. */
const IMITATION_ONLY = /^[аеорсхуіјѕһԁԛԝӏАВЕНІЈКМОРСТХЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧο\P{L}]+$/u;
const LETTER = /\p{L}/u;

/** White letters on black discs and squares, which NFKC leaves alone. */
function squaredLetter(code: number): string | undefined {
  if (code >= 0x1f150 && code <= 0x1f169) return String.fromCharCode(97 + code - 0x1f150);
  if (code >= 0x1f170 && code <= 0x1f189) return String.fromCharCode(97 + code - 0x1f170);
  return undefined;
}

/** What each ASCII letter is imitated with: Cyrillic, Greek, Armenian, Cherokee, Lisu, IPA and other extensions of Latin. */
const IMITATIONS: Readonly<Record<string, string>> = {
  a: 'аɑαạⱥａ',
  b: 'Ьƅɓ',
  c: 'сϲᴄçƈ',
  d: 'ԁɗժḍ',
  e: 'еẹҽєɛ℮',
  f: 'ƒẝſ',
  g: 'ɡցġǥ',
  h: 'һհḥ',
  i: 'іɩıίιїɪ',
  j: 'јϳʝ',
  k: 'κкҡƙ',
  l: 'ӏǀŀɫ',
  m: 'мṃᴍ',
  n: 'ոпƞņɴ',
  o: 'оοσօọ๐၀ᴏ',
  p: 'рρƿṗ',
  q: 'ԛգ',
  r: 'гꭇᴦɾ',
  s: 'ѕꜱʂș',
  t: 'тτƭţ',
  u: 'υսцʋᴜ',
  v: 'νѵᴠṿ',
  w: 'ԝωѡᴡ',
  x: 'хҳ×χ',
  y: 'уүγỵʏ',
  z: 'ᴢʐżż',
  A: 'АΑᎪꓮ',
  B: 'ВΒᏴꓐ',
  C: 'СϹᏟꓚ',
  D: 'ᎠꓓĐ',
  E: 'ЕΕᎬꓰ',
  F: 'ϜꓝҒ',
  G: 'ԌᏀꓖ',
  H: 'НΗᎻꓧ',
  I: 'ІΙӀꓲ',
  J: 'ЈᎫꓙ',
  K: 'КΚᏦꓗ',
  L: 'Ꮮꓡ',
  M: 'МΜᎷꓟ',
  N: 'ΝꓠƝ',
  O: 'ОΟՕꓳ',
  P: 'РΡᏢꓑ',
  Q: 'ԚႳ',
  R: 'ᎡꓣƦ',
  S: 'ЅᏚꓢՏ',
  T: 'ТΤᎢꓔ',
  U: 'ՍꓴႮ',
  V: 'ᏙꓦѴ',
  W: 'ᎳꓪԜ',
  X: 'ХΧꓫ',
  Y: 'ΥҮꓬУ',
  Z: 'ΖᏃꓜ',
  "'": '’‘ʼ',
  '-': '‐‑',
};
const lookalikes: ReadonlyMap<string, string> = new Map(
  Object.entries(IMITATIONS).flatMap(([plain, list]) => [...list].map((one): [string, string] => [one, plain])),
);
