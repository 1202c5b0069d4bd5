import type { Effect } from '../../model/effect.ts';
import type { ArgumentKind } from './argument-kinds.ts';
import { findSql } from './find-sql.ts';

/**
 * Says what in a text cannot be meant where it stands, or returns undefined. Every expression here is linear in the
 * text: fixed shapes, bounded repetitions, or one run of a class that what follows it is not in.
 */
export function findDanger({ kind, sure }: ArgumentKind, text: string, effect: Effect): string | undefined {
  switch (kind) {
    case 'path':
      return findTraversal(text);
    case 'shell':
      return sure ? findShell(text) : findSubstitution(text);
    case 'header':
      return findHeader(text, sure);
    case 'template':
      return findTemplate(text);
    case 'sql':
      return effect === 'read' ? findSql(text, sure) : undefined;
  }
}

/** Leaving a directory by `..`, in any spelling. A `..` inside a relative path that stays beneath its start is fine. */
function findTraversal(path: string): string | undefined {
  if (path.includes('\0')) return 'holds a NUL';
  if (/%(25)*(2e|2f|5c|00|c0|e0%80)/i.test(path)) return 'holds an encoded dot, separator or NUL';
  if (!path.includes('.') && !/[\u2024\u2025\uff0e]/.test(path)) return undefined;
  const segments = path.normalize('NFKC').split(/[/\\]/);
  if (segments.some((segment) => /^\.{2,}[; ]+$|^\.{3,}$|^ +\.\.$/.test(segment))) return 'holds a disguised `..`';
  const absolute = /^([/\\]|[a-zA-Z]:)/.test(path);
  let depth = 0;
  for (const segment of segments) {
    if (segment === '..') {
      if (absolute) return 'climbs with `..` in an absolute path';
      depth -= 1;
    } else if (segment !== '.' && segment !== '') depth += 1;
    if (depth < 0) return 'climbs above where it starts';
  }
  return undefined;
}

/** Anything by which a shell would do more than run one program with plain words. */
function findShell(text: string): string | undefined {
  const found = /[;|&`\n\r\0<>]|\$[({]|\$[A-Za-z_]/.exec(text);
  return found ? `holds shell syntax at character ${found.index + 1}` : undefined;
}

/** What never stands in an honest host, branch or file name: a command to be run for its output, or chained. */
function findSubstitution(text: string): string | undefined {
  const found =
    /\$\(|\$\{|`|[\n\r\0]|&&|\|\||^\s*\||\|\s*$|;\s*(?:rm|curl|wget|sh|bash|nc|cat|python3?|perl|echo|sleep|id)\b/.exec(
      text,
    );
  return found ? `holds shell syntax at character ${found.index + 1}` : undefined;
}

/** A line end, with which a header becomes two. Where the name leaves room, only one that begins another header. */
function findHeader(text: string, sure: boolean): string | undefined {
  const pattern = sure
    ? /[\r\n\0\u2028\u2029]|%0[da]/i
    : /(?:[\r\n\u2028\u2029]|%0[da])\s{0,8}[A-Za-z][A-Za-z-]{1,40}:/i;
  return pattern.test(text) ? 'holds a line end, with which one header becomes two' : undefined;
}

/**
 * Template syntax that computes: an expression, a call, a member of something, a tag, or a name that template engines
 * keep secrets under. `{{ name }}` alone is a placeholder and passes.
 */
function findTemplate(text: string): string | undefined {
  if (/<%|\{%-?\s*[a-z]|<#(?:assign|if|list)|#\{[^}]{0,200}\}/i.test(text)) return 'holds a template tag';
  for (const found of text.matchAll(/\{\{([^{}]{0,200})\}\}|\$\{([^{}]{0,200})\}/g)) {
    const inner = (found[1] ?? found[2] ?? '').trim();
    if (/[()[\].*/+%=|'"\\:?!]|__|\d-/.test(inner)) return 'holds a template expression';
    if (/^(config|self|request|settings|env|process|globals|session|this|constructor)$/i.test(inner)) {
      return 'holds a template expression';
    }
  }
  return undefined;
}
