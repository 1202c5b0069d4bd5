/** Where a request or a tunnel leads. `host` is canonical: lower case, ASCII, no final dot, an IPv6 address in brackets. */
export interface EgressTarget {
  readonly host: string;
  readonly port: number;
}

/** A request by its parts, in the one form in which it is matched and sent on. */
export interface EgressUrl extends EgressTarget {
  readonly tls: boolean;
  /** Canonical, without the query: dot segments resolved. */
  readonly path: string;
  /** `?…` or empty. */
  readonly query: string;
}

export type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

const AUTHORITY = /^(\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::(\d{1,5}))?$/;
const IPV4 = /^(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})$/;

const refuse = (message: string) => ({ ok: false, message }) as const;

/**
 * Reads `host:port`, as CONNECT, SOCKS and Host headers write it. What clients, resolvers and libraries take in more
 * than one way is refused: addresses in odd spellings, names with other letters than a host has.
 */
export function readAuthority(text: string, defaultPort?: number): Read<EgressTarget> {
  const parts = AUTHORITY.exec(text);
  const written = parts?.[1];
  if (written === undefined) return refuse('the host is not written as one is');
  if (!URL.canParse(`http://${written}/`)) return refuse('the host is not one');
  const { hostname } = new URL(`http://${written}/`);
  const host = hostname.endsWith('.') ? hostname.slice(0, -1) : hostname;
  if (host === '' || host.endsWith('.')) return refuse('the host is not one');
  // `0x7f.1`, `2130706433` and `127.1` are addresses to some and names to others.
  if (IPV4.test(host) && host !== written) return refuse('the address is not written as four plain numbers');
  if (!IPV4.test(host) && /^[\d.]+$/.test(host)) return refuse('the address is not written as four plain numbers');
  const port = parts?.[2] === undefined ? defaultPort : Number(parts[2]);
  if (port === undefined) return refuse('the port is missing');
  if (port < 1 || port > 65_535) return refuse('the port is not one');
  return { ok: true, value: { host, port } };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const NOT_IN_A_TARGET = /[\u0000-\u0020\u007f-\uffff\\"<>^`{|}]/;

/** Reads the absolute form of a request target, `http://host/path?query`. */
export function readAbsolute(text: string): Read<EgressUrl> {
  const parts = /^(https?):\/\/([^/?#]+)(.*)$/i.exec(text);
  if (parts === null) return refuse('the request does not say where it goes');
  const tls = parts[1]?.toLowerCase() === 'https';
  const authority = readAuthority(parts[2] ?? '', tls ? 443 : 80);
  if (!authority.ok) return authority;
  return readTarget(authority.value, tls, parts[3] ?? '');
}

/** Reads path and query of a request to a host that is known already. An empty path is `/`. */
export function readTarget(to: EgressTarget, tls: boolean, text: string): Read<EgressUrl> {
  if (NOT_IN_A_TARGET.test(text)) return refuse('the path holds what no path may hold');
  if (text.includes('#')) return refuse('the path holds a fragment, which is never sent');
  const mark = text.indexOf('?');
  const written = mark < 0 ? text : text.slice(0, mark);
  if (written !== '' && !written.startsWith('/')) return refuse('the path does not begin with `/`');
  // What resolves dot segments here must not find others further on.
  const path = new URL(`http://host${written}`).pathname;
  return { ok: true, value: { ...to, tls, path, query: mark < 0 ? '' : text.slice(mark) } };
}

/** Whether a path means the same to everybody: encoded separators, dots and doubled slashes do not. */
export function isPlainPath(path: string): boolean {
  return !/%(?:2f|5c|2e|00|25)|\/\/|;/i.test(path);
}

/** How a Host header writes a target. */
export function printAuthority({ host, port }: EgressTarget, tls: boolean): string {
  return port === (tls ? 443 : 80) ? host : `${host}:${port}`;
}
