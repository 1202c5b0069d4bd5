import { decodeBase58Check, passesBech32 } from './checksums.ts';
import type { Detector, Finding } from './detector.ts';
import { surveyText } from './survey-text.ts';

/**
 * Keys and addresses of cryptocurrencies: private keys in wallet import format and extended private keys (Base58Check),
 * recovery phrases (twelve or more list words), addresses (with their checksums, where they have one).
 */
export const walletKeys: Detector = {
  name: 'wallet-keys',
  detect(text) {
    const found: Finding[] = [];
    const add = (kind: string, start: number, end: number, confidence: Finding['confidence']) => {
      if (found.length < MAX_FINDINGS)
        found.push({ detector: 'wallet-keys', kind, start, end, severity: 'high', confidence });
    };
    let tries = 0;
    const { longRuns, hasWordRow } = surveyText(text);
    for (const { start, end } of longRuns) {
      if (end - start < 26 || end - start > 400) continue;
      const run = text.slice(start, end);
      for (const match of run.matchAll(BASE58_RUN)) {
        if (++tries > MAX_TRIES) break;
        const kind = classifyBase58(match[0]);
        if (kind) add(kind, start + match.index, start + match.index + match[0].length, 'high');
      }
      for (const match of run.matchAll(OTHER_ADDRESS)) {
        const address = match[0];
        const isKey = address.length === 66;
        if (!address.startsWith('0x') && !passesBech32(address)) continue;
        if (isKey && !/key|secret|wallet|priv/i.test(text.slice(Math.max(0, start - 40), start))) continue;
        const at = start + match.index;
        add(isKey ? 'wallet-private-key' : 'wallet-address', at, at + address.length, 'medium');
      }
    }
    if (!hasWordRow) return found;
    for (const match of text.matchAll(PHRASE)) {
      const words = match[0].split(/[\s,]+/);
      if (isRecoveryPhrase(words)) add('wallet-recovery-phrase', match.index, match.index + match[0].length, 'medium');
    }
    return found.sort((a, b) => a.start - b.start);
  },
};

const MAX_FINDINGS = 100;
/** Checksums tried in one text: what begins like a key and has its length is rare. */
const MAX_TRIES = 200;

/** How WIF keys (5, K, L; c, 9 of the test network), extended keys and addresses (1, 3, x) begin, and their lengths. */
const BASE58_RUN =
  /(?<![A-Za-z0-9])(?:[5KLc9][1-9A-HJ-NP-Za-km-z]{50,51}|[xyztuv]p(?:rv|ub)[1-9A-HJ-NP-Za-km-z]{107}|[13][1-9A-HJ-NP-Za-km-z]{25,34})(?![A-Za-z0-9])/g;

function classifyBase58(run: string): string | undefined {
  const bytes = decodeBase58Check(run);
  if (!bytes) return undefined;
  if (bytes.length === 33 || bytes.length === 34) return 'wallet-private-key';
  if (bytes.length === 78) return run.slice(1, 4) === 'prv' ? 'wallet-private-key' : 'wallet-address';
  return bytes.length === 21 ? 'wallet-address' : undefined;
}

const OTHER_ADDRESS =
  /(?<![A-Za-z0-9])(?:(?:bc|tb|ltc)1[02-9ac-hj-np-z]{11,87}|0x(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{40}))(?![A-Za-z0-9])/g;

/** A row of words of three to eight small letters: prose is interrupted by shorter words and punctuation. */
const PHRASE = /(?<![a-z])(?:[a-z]{3,8}[ ,\n]{1,2}){11,24}[a-z]{3,8}(?![a-z])/g;

function isRecoveryPhrase(words: readonly string[]): boolean {
  if (![12, 15, 18, 21, 24].includes(words.length)) return longestPlainRow(words);
  return words.every((word) => !COMMON.has(word));
}

/** Something may stand before or after the phrase: twelve words in a row are enough. */
function longestPlainRow(words: readonly string[]): boolean {
  let row = 0;
  for (const word of words) {
    row = COMMON.has(word) ? 0 : row + 1;
    if (row >= 12) return true;
  }
  return false;
}

/** The words that hold sentences together; no list of recovery words has them, as far as they can be told apart. */
const COMMON = new Set(
  'the and for are was were with his had have has but not you your yours that from they their them which would could should been who its our ours out into than then did does doing how why she her hers him himself any these those through before after between because while during been being more most some very just here there where when what will shall may might must can cannot using used use make made get got put set let see new one two per via each both such only other over under'.split(
    ' ',
  ),
);
