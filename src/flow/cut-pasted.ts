import type { PromptPart } from '../model/prompt.ts';

/** From such a line on, everything is somebody else's. Programs mark where a pasted message begins, never where it ends. */
const REST: readonly RegExp[] = [
  /^[ \t>]*[-_=*]{2,} ?[^\n]{0,60}(?:message|nachricht|mensaje|messaggio|mensagem|bericht|mail)[^\n]{0,20}?[-_=*]{2,}[ \t]*$/imu,
  /^[ \t>]*(?:begin forwarded message|anfang der weitergeleiteten nachricht|début du message transféré)\b[^\n]{0,20}$/imu,
  /^[ \t]*_{8,}[ \t]*$/mu,
  /^[^\n]{0,200}\b(?:wrote|writes|schrieb|a écrit|escribió|ha scritto|escreveu|schreef)\b[^\n]{0,80}:[ \t]*$/imu,
];

/** A line of headers: `From: …`, `**From:** …`, `> Von: …`, and whatever other field stands between two of them. */
const HEADER = /^[ \t>*_]*(\p{L}[\p{L}\d-]{0,30})[*_]{0,3}[ \t]*:[*_]{0,3}(?:\s|$)/u;
const MAIL_FIELD =
  /^(?:from|sent|to|cc|bcc|date|subject|reply-to|sender|von|gesendet|an|datum|betreff|antwort|de|envoyé|à|objet|para|asunto|enviado|fecha|da|inviato|data|oggetto|assunto|van|aan|verzonden|onderwerp)$/iu;

/** Marks that stand before and behind a block. */
const FENCES: readonly string[] = ['```', '~~~', '"""', "'''", '“““'];
const TAG = /<([a-z][\w-]*)(?:\s[^<>\n]*)?>/giu;

interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * What of the prompt counts as the user's own words: parts of kind `user`, without what is visibly pasted into them.
 * Cutting too much costs a question; nothing is ever added.
 */
export function cutPasted(prompt: readonly PromptPart[]): { readonly own: string; readonly pasted: readonly string[] } {
  const pasted: string[] = [];
  let own = '';
  for (const { kind, text } of prompt) {
    if (kind !== 'user') {
      pasted.push(text);
      continue;
    }
    let kept = '';
    let done = 0;
    for (const { start, end } of findPasted(text)) {
      if (end <= done) continue;
      if (start > done) kept += text.slice(done, start);
      kept += '\n';
      pasted.push(text.slice(Math.max(start, done), end));
      done = end;
    }
    kept += text.slice(done);
    own += own === '' ? kept : `\n${kept}`;
  }
  return { own, pasted };
}

function findPasted(text: string): Span[] {
  const rests = REST.map((mark) => text.search(mark)).filter((at) => at !== -1);
  const spans: Span[] = [...listFences(text), ...listTags(text)];
  let at = 0;
  let block: { readonly at: number; fields: number } | undefined;
  for (const line of text.split('\n')) {
    if (/^[ \t]*>/.test(line)) spans.push({ start: at, end: Math.min(text.length, at + line.length + 1) });
    const field = HEADER.exec(line)?.[1];
    if (field === undefined) block = undefined;
    else {
      const isMail = MAIL_FIELD.test(field);
      if (isMail) block ??= { at, fields: 0 };
      if (block && isMail) block.fields += 1;
      if (block?.fields === 2) rests.push(block.at);
    }
    at += line.length + 1;
  }
  if (rests.length > 0) spans.push({ start: Math.min(...rests), end: text.length });
  return spans.sort((a, b) => a.start - b.start);
}

/** From the first fence to the last of its sort: what is pasted may hold fences too, and does not get out by them. */
function listFences(text: string): Span[] {
  return FENCES.flatMap((fence) => {
    const start = text.indexOf(fence);
    if (start === -1) return [];
    const last = text.lastIndexOf(fence);
    return [{ start, end: last < start + fence.length ? text.length : last + fence.length }];
  });
}

/** From a tag to the last that closes it; to the end, where a tag that begins a line is never closed. */
function listTags(text: string): Span[] {
  const spans: Span[] = [];
  const seen = new Set<string>();
  const lower = text.toLowerCase();
  for (const { 0: tag, 1: name = '', index } of text.matchAll(TAG)) {
    const key = name.toLowerCase();
    if (seen.has(key)) continue;
    const close = lower.lastIndexOf(`</${key}>`);
    const opensLine = index === 0 || text[index - 1] === '\n';
    if (close < index + tag.length && !opensLine) continue;
    seen.add(key);
    spans.push({ start: index, end: close < index + tag.length ? text.length : close + key.length + 3 });
  }
  return spans;
}
