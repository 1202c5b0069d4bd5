import type { Span } from './rewrite-text.ts';

/** A piece of text in markup that a reader of the page does not see. */
export interface HiddenHtml extends Span {
  readonly text: string;
  readonly how: 'comment' | 'attribute' | 'style';
}

/** Whether a text may be markup: nothing else is looked at. */
export function looksLikeHtml(text: string): boolean {
  return MARKUP.test(text);
}
const MARKUP =
  /<(?:!--|!doctype|\/?(?:html|head|body|div|span|p|a|img|table|tbody|tr|td|th|ul|ol|li|br|hr|script|style|template|b|i|u|em|strong|small|font|h[1-6]|input|button|form|meta|link|section|article|header|footer|nav|main|label|svg|iframe|details|summary|center|sup|sub|pre|code)(?:[\s>]|\/>))/i;

/**
 * Finds what a page hides: comments; what stands in attributes that are read out or kept for machines; text inside
 * elements that are not shown, transparent, tiny, moved off the page or coloured like their background. Reads markup
 * as it comes, forgiving and in one pass; it is no browser, and style sheets count only by class and id.
 */
export function findHiddenHtml(text: string, most: number): readonly HiddenHtml[] {
  const found: HiddenHtml[] = [];
  const hidingNames = readHidingNames(text);
  const open: { readonly name: string; readonly hides: boolean }[] = [];
  let hiding = 0;
  let from = -1;
  const add = (start: number, end: number, how: HiddenHtml['how'], shown: string) => {
    if (found.length < most && /\p{L}{2}/u.test(shown)) found.push({ start, end, text: shown, how });
  };
  const stopHiding = (at: number) => {
    if (from >= 0 && at > from) add(from, at, 'style', withoutTags(text.slice(from, at)));
    from = -1;
  };
  TAG.lastIndex = 0;
  for (let match = TAG.exec(text); match; match = TAG.exec(text)) {
    const tag = match[0];
    const at = match.index;
    if (tag.startsWith('<!--')) {
      const close = text.indexOf('-->', at + 4);
      const end = close < 0 ? text.length : close;
      add(at + 4, end, 'comment', text.slice(at + 4, end));
      TAG.lastIndex = Math.max(TAG.lastIndex, Math.min(text.length, end + 3));
      continue;
    }
    const name = (match[2] ?? '').toLowerCase();
    if (match[1] === '/') {
      if (!open.some((one) => one.name === name)) continue;
      for (let last = open.pop(); last; last = open.pop()) {
        if (last.hides && --hiding === 0) stopHiding(at);
        if (last.name === name) break;
      }
      continue;
    }
    const attributes = match[3] ?? '';
    const attributesAt = at + tag.indexOf(attributes, 1 + name.length);
    for (const one of attributes.matchAll(ATTRIBUTE)) {
      const value = one[2] ?? one[3] ?? '';
      const shift = one[0].length - value.length - 1;
      if (TOLD_ATTRIBUTES.test(one[1] ?? '') && value.includes(' ')) {
        add(attributesAt + one.index + shift, attributesAt + one.index + shift + value.length, 'attribute', value);
      }
    }
    if (VOID.has(name) || tag.endsWith('/>') || open.length >= MAX_DEPTH) continue;
    const hides = isHidden(name, attributes, hidingNames);
    open.push({ name, hides });
    if (hides && hiding++ === 0) from = at + tag.length;
    if (name === 'script' || name === 'style') {
      const close = text.indexOf(`</${name}`, at);
      TAG.lastIndex = close < 0 ? text.length : close;
    }
  }
  if (hiding > 0) stopHiding(text.length);
  return found;
}

const MAX_DEPTH = 200;
/** Attributes are read up to 4,000 characters: more is cut, and what follows is read as text. */
const TAG = /<!--|<(\/?)([a-zA-Z][a-zA-Z0-9-]{0,30})((?:[^<>"']|"[^"]{0,4000}"|'[^']{0,4000}'){0,400})>/g;
const ATTRIBUTE = /([a-zA-Z_:][\w:.-]{0,40})\s{0,4}=\s{0,4}(?:"([^"]{0,4000})"|'([^']{0,4000})')/g;
const TOLD_ATTRIBUTES = /^(?:alt|title|aria-label|aria-description|placeholder|content|summary|value|data-[\w-]+)$/i;
const VOID = new Set(['br', 'img', 'hr', 'input', 'meta', 'link', 'source', 'wbr', 'area', 'base', 'col', 'embed']);

function isHidden(name: string, attributes: string, hidingNames: ReadonlySet<string>): boolean {
  if (name === 'template' || name === 'noscript') return true;
  if (attributes === '') return false;
  let hides = /(?:^|\s)hidden(?:\s|=|$)/i.test(attributes);
  for (const one of attributes.matchAll(ATTRIBUTE)) {
    const key = (one[1] ?? '').toLowerCase();
    const value = one[2] ?? one[3] ?? '';
    if (key === 'style') hides ||= isHidingStyle(value);
    else if (key === 'class') hides ||= value.split(/\s+/).some((part) => hidingNames.has(`.${part}`));
    else if (key === 'id') hides ||= hidingNames.has(`#${value}`);
    else if (key === 'color' && name === 'font') hides ||= isWhite(value.toLowerCase());
  }
  return hides;
}

/** Whether a list of CSS declarations keeps text from a reader's eyes. */
export function isHidingStyle(style: string): boolean {
  const css = style.toLowerCase().replace(/\s+/g, '').replaceAll('!important', '');
  if (/display:none|visibility:(?:hidden|collapse)|opacity:0(?:\.0\d?)?(?:;|$)/.test(css)) return true;
  if (/font-size:(?:0(?:\.\d+)?|1|2)(?:px|pt|em|rem|%)?(?:;|$)/.test(css) && !/font-size:(?:1|2)(?:em|rem)/.test(css))
    return true;
  if (/(?:left|top|right|bottom|margin-left|margin-top|text-indent):-\d{3,}(?:px|em|rem|pt|%|vw|vh)/.test(css))
    return true;
  if (/clip:rect\(0|clip-path:inset\((?:50|100)%|transform:scale\(0/.test(css)) return true;
  if (/(?:^|;)(?:max-)?(?:height|width):0(?:px)?(?:;|$)/.test(css) && css.includes('overflow:hidden')) return true;
  const color = /(?:^|;)color:([^;]{1,40})/.exec(css)?.[1];
  const background = /(?:^|;)background(?:-color)?:([^;]{1,40})/.exec(css)?.[1];
  if (color === undefined) return false;
  if (color === 'transparent' || /^rgba\(\d+,\d+,\d+,0(?:\.0\d?)?\)$/.test(color)) return true;
  return background === undefined ? isWhite(color) : color === background || (isWhite(color) && isWhite(background));
}

function isWhite(color: string): boolean {
  return /^(?:white|snow|#f[c-f]f?[c-f]?f?[c-f]?|#fff|#ffff|#f{6}|#f{8}|rgb\(25[3-5],25[3-5],25[3-5]\)|hsl\(0,0%,100%\))$/.test(
    color,
  );
}

/** Classes and ids that a `<style>` element of the text gives a hiding style. */
function readHidingNames(text: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (let at = text.search(/<style/i); at >= 0; at = text.indexOf('<style', at + 6)) {
    const end = text.indexOf('</style', at);
    const sheet = text.slice(at, Math.min(end < 0 ? text.length : end, at + 100_000));
    for (const rule of sheet.matchAll(/([.#][\w-]{1,60})\s{0,8}\{([^{}]{0,1000})\}/g)) {
      if (isHidingStyle(rule[2] ?? '')) names.add(rule[1] ?? '');
    }
    if (names.size > 1_000 || end < 0) break;
  }
  return names;
}

function withoutTags(text: string): string {
  return text
    .replace(/<[^<>]{0,4000}>/g, ' ')
    .replace(/[ \t]+/g, ' ')
    .trim();
}
