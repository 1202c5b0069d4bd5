import { type DecodedPart, decodeEntities, decodeEscapes, decodeParts, decodePercent } from './decode-text.ts';
import { foldLetters } from './fold-letters.ts';
import { findHiddenHtml, looksLikeHtml } from './hidden-html.ts';
import { stripHidden } from './hidden-text.ts';
import { type RewrittenText, rewriteText, type Span } from './rewrite-text.ts';

import { surveyText } from './survey-text.ts';

/** One thing that was undone to reach a text. */
export type Layer =
  | 'invisible'
  | 'look-alikes'
  | 'markup'
  | 'html-comment'
  | 'html-attribute'
  | 'html-style'
  | 'entities'
  | 'percent'
  | 'escapes'
  | DecodedPart['layer'];

/** A text as it stands in, or under, another one. */
export interface UnfoldedText {
  readonly text: string;
  /** What was undone, outermost first; empty for the text itself. */
  readonly layers: readonly Layer[];
  /** The span of the outer text that a span of this one came from. */
  outerSpan(start: number, end: number): Span;
}

export interface Unfolded {
  /** The text itself first, then what is under it. */
  readonly texts: readonly UnfoldedText[];
  /** False when a bound was reached and something may be left unread. */
  readonly complete: boolean;
}

/** Layers under layers that are undone. */
export const UNFOLD_DEPTH = 4;
/** Texts one text is unfolded into. */
export const UNFOLD_TEXTS = 64;
/** Characters of unfolded texts, beyond four times the text itself. */
const UNFOLD_CHARS = 65_536;

/**
 * Undoes what hides text from a reader or a scanner: invisible characters, look-alike letters, HTML that is not shown,
 * character references, percent-encoding, escapes, base64, base32, hex, rot13, reversed letters, text in Unicode tags
 * and variation selectors; and layers of these on each other, four deep. Plain ASCII prose costs a few quick looks.
 * Bounded in depth, number and size; what a bound left out is said by `complete`.
 */
export function unfold(text: string): Unfolded {
  const texts: UnfoldedText[] = [{ text, layers: [], outerSpan: (start, end) => ({ start, end }) }];
  const seen = new Set([text]);
  let chars = 4 * text.length + UNFOLD_CHARS;
  let complete = true;
  // What is added is visited in turn, until nothing new appears.
  for (const outer of texts) {
    for (const inner of unfoldOnce(outer)) {
      if (seen.has(inner.text)) continue;
      if (texts.length >= UNFOLD_TEXTS || chars < inner.text.length || outer.layers.length >= UNFOLD_DEPTH) {
        complete = false;
        break;
      }
      seen.add(inner.text);
      chars -= inner.text.length;
      texts.push(inner);
    }
  }
  return { texts, complete };
}

function* unfoldOnce(outer: UnfoldedText): Generator<UnfoldedText> {
  const { text } = outer;
  yield* rewritten(outer, 'invisible', strip(text));
  yield* rewritten(outer, 'look-alikes', foldLetters(text));
  yield* rewritten(outer, 'percent', decodePercent(text));
  yield* rewritten(outer, 'escapes', decodeEscapes(text));
  yield* rewritten(outer, 'entities', decodeEntities(text));
  if (looksLikeHtml(text)) {
    yield* rewritten(
      outer,
      'markup',
      rewriteText(text, TAGS, (tag) => (BREAKING.test(tag) ? '\n' : '')),
    );
    for (const { start, end, text: hidden, how } of findHiddenHtml(text, UNFOLD_TEXTS)) {
      yield within(outer, hidden, `html-${how}`, start, end);
    }
  }
  for (const part of decodeParts(text, UNFOLD_TEXTS)) yield within(outer, part.text, part.layer, part.start, part.end);
}

/** Tags and comments; of a tag that never ends, nothing. */
const TAGS = /<!--[^<>]{0,4000}-->|<\/?[a-zA-Z][^<>]{0,4000}>/g;
/** Tags that end a line of text; others may stand in the middle of a word. */
const BREAKING = /^<\/?(?:p|div|br|li|ul|ol|tr|td|th|table|h[1-6]|section|article|header|footer|title|script|style)\b/i;

function strip(text: string): RewrittenText | undefined {
  if (surveyText(text).isPrintable) return undefined;
  const stripped = stripHidden(text);
  if (stripped.text === text) return undefined;
  return {
    text: stripped.text,
    originalSpan(start, end) {
      if (!stripped.exact) return { start: 0, end: text.length };
      // The last character's own place, plus one: hidden characters right after it are not part of it.
      const last = stripped.originalOffset(Math.max(start, end - 1));
      return { start: stripped.originalOffset(start), end: last + Math.min(1, end - start) };
    },
  };
}

function* rewritten(outer: UnfoldedText, layer: Layer, inner: RewrittenText | undefined): Generator<UnfoldedText> {
  if (!inner || inner.text === '') return;
  yield {
    text: inner.text,
    layers: [...outer.layers, layer],
    outerSpan(start, end) {
      const span = inner.originalSpan(start, end);
      return outer.outerSpan(span.start, span.end);
    },
  };
}

/** A part that is decoded as a whole: everything found in it is at its place. */
function within(outer: UnfoldedText, text: string, layer: Layer, start: number, end: number): UnfoldedText {
  const span = outer.outerSpan(start, end);
  return { text, layers: [...outer.layers, layer], outerSpan: () => span };
}
