import { limits } from '../../base/limits.ts';
import { pathOf, type RequestHead } from './head.ts';
import { RequestRefused } from './refuse.ts';

/** Names under which every machine reaches itself. */
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];
/** Probes of orchestrators come by address, and learn nothing here. */
const OPEN_TO_ANY_HOST = new Set(['/healthz', '/readyz']);
/** Headers that mean something else to whoever reads the other copy. */
const SINGLE_HEADERS = new Set(['host', 'authorization', 'origin', 'content-type', 'content-encoding']);
const TOKEN_PARAMETER = /[?&](access_token|token|bearer|authorization)(=|&|$)/i;

export interface GuardOptions {
  /** Host names, without port, that clients reach the gateway by, besides those of loopback. */
  readonly names: readonly string[];
  /** Origins of web pages that may call the gateway, `https://console.example`, besides the gateway's own. */
  readonly origins: readonly string[];
}

/**
 * Refuses a request by its head alone, before anybody is authenticated or a byte of body is read: a page that a
 * browser was tricked into sending here (DNS rebinding), an ambiguous head, a token where proxies would log it.
 */
export function createGuard(options: GuardOptions): (head: RequestHead) => void {
  const names = new Set([...LOOPBACK_NAMES, ...options.names].map((name) => name.toLowerCase()));
  const origins = new Set(options.origins.map((origin) => origin.toLowerCase()));

  return (head) => {
    const { target, rawHeaders } = head;
    if (!target.startsWith('/')) {
      throw new RequestRefused('E_REQUEST_INVALID', { detail: 'the address is a path that starts with `/`' });
    }
    if (rawHeaders) requirePlainHeaders(rawHeaders);
    const host = head.header('host');
    if (host === undefined || host === '')
      throw new RequestRefused('E_REQUEST_INVALID', { detail: 'a Host header is needed' });
    if (target.includes('?') && TOKEN_PARAMETER.test(readable(target))) {
      throw new RequestRefused('E_REQUEST_INVALID', {
        detail: 'a token goes into the Authorization header, never into the address',
      });
    }
    if (OPEN_TO_ANY_HOST.has(pathOf(target))) return;
    if (!names.has(hostname(host)))
      throw new RequestRefused('E_ORIGIN', { detail: 'the Host header names another site' });
    const origin = head.header('origin')?.toLowerCase();
    if (origin === undefined) return; // not a browser, or the gateway's own page reading
    if (!origins.has(origin) && !isOwnOrigin(origin, host, head.secure)) {
      throw new RequestRefused('E_ORIGIN', { detail: 'pages of that origin may not call this gateway' });
    }
  };
}

/** Whether a Host header is one of loopback's. */
export function isLoopbackHost(host: string | undefined): boolean {
  return host !== undefined && LOOPBACK_NAMES.includes(hostname(host));
}

/** Whether an address, as a socket writes it, is this machine's own. */
export function isLoopbackAddress(address: string | undefined): boolean {
  return address !== undefined && /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/i.test(address);
}

function isOwnOrigin(origin: string, host: string, secure: boolean): boolean {
  return origin === `${secure ? 'https' : 'http'}://${host.toLowerCase()}`;
}

/** The name in a Host header, lower case, without port or the root's dot; what is no host gives what is no name. */
function hostname(host: string): string {
  const found = /^(\[[0-9a-f:.]+\]|[a-z0-9_.-]+?)\.?(:\d{1,5})?$/i.exec(host);
  return found?.[1]?.toLowerCase() ?? '';
}

function requirePlainHeaders(rawHeaders: readonly string[]): void {
  if (rawHeaders.length > limits.headerCount * 2) {
    throw new RequestRefused('E_LIMIT', { detail: `at most ${limits.headerCount} headers` });
  }
  let seen: Set<string> | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase();
    if (!SINGLE_HEADERS.has(name)) continue;
    seen ??= new Set();
    if (seen.has(name)) throw new RequestRefused('E_REQUEST_INVALID', { detail: `the header ${name} was sent twice` });
    seen.add(name);
  }
}

/** The target with escapes undone where they are sound, so that `access%5Ftoken` is seen too. */
function readable(target: string): string {
  try {
    return decodeURIComponent(target);
  } catch {
    return target;
  }
}
