import { csrfOf } from '../../runtime/people/secret-token.ts';
import type { RequestHead } from './head.ts';
import { RequestRefused } from './refuse.ts';

/** What a page sends beside the cookie with whatever changes something. */
export const CSRF_HEADER = 'x-chaperone-csrf';
const SAFE = new Set(['GET', 'HEAD']);

/** The name says to browsers that no other host may set it; without TLS that name cannot be had. */
const nameOf = (kind: 'session' | 'sign-in', secure: boolean): string => `${secure ? '__Host-' : ''}chaperone-${kind}`;

/** The token of a session cookie. Of two of one name one was planted: neither counts. */
export function readSessionCookie(head: RequestHead): string | undefined {
  return readCookie(head, 'session');
}

/** What a browser keeps while its person is at the organisation. */
export function readSignInCookie(head: RequestHead): string | undefined {
  return readCookie(head, 'sign-in');
}

function readCookie(head: RequestHead, kind: 'session' | 'sign-in'): string | undefined {
  const name = `${nameOf(kind, head.secure)}=`;
  const found = (head.header('cookie') ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(name));
  return found.length === 1 ? found[0]?.slice(name.length) : undefined;
}

/**
 * Ends the request with 403 unless a page of the gateway itself sends it: for whatever changes something it has to know
 * what only such a page was told. A form or a script of another site cannot send a header of this name.
 */
export function requireOwnPage(head: RequestHead, token: string): void {
  const site = head.header('sec-fetch-site');
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw new RequestRefused('E_CSRF');
  if (!SAFE.has(head.method) && head.header(CSRF_HEADER) !== csrfOf(token)) throw new RequestRefused('E_CSRF');
}

/** For a browser: unreadable by pages, sent to nobody else, and with nothing that another site begins. */
export function setSessionCookie(token: string, secure: boolean, lifeMs: number): string {
  return cookie(nameOf('session', secure), token, 'Strict', secure, lifeMs);
}

/** Sent once more when the organisation sends the browser back, which is another site beginning it. */
export function setSignInCookie(text: string, secure: boolean, lifeMs: number): string {
  return cookie(nameOf('sign-in', secure), text, 'Lax', secure, lifeMs);
}

export function clearSessionCookie(secure: boolean): string {
  return cookie(nameOf('session', secure), '', 'Strict', secure, 0);
}

function cookie(name: string, value: string, site: 'Strict' | 'Lax', secure: boolean, lifeMs: number): string {
  const parts = [`${name}=${value}`, 'Path=/', 'HttpOnly', `SameSite=${site}`, `Max-Age=${Math.floor(lifeMs / 1_000)}`];
  return [...parts, ...(secure ? ['Secure'] : [])].join('; ');
}
