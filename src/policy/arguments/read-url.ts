/** A URL as a client will read it, or why it could be read in more than one way. */
export type ReadUrl =
  | { readonly ok: true; readonly host: string; readonly port: string /** Canonical. */; readonly text: string }
  | { readonly ok: false; readonly message: string };

/** Schemes whose hosts are canonical after parsing: international names, number forms of addresses, case. */
const SCHEMES: Readonly<Record<string, string | undefined>> = {
  'http:': '80',
  'https:': '443',
  'ws:': '80',
  'wss:': '443',
  'ftp:': '21',
};

/**
 * Reads a URL by the WHATWG algorithm. What other readers take differently is refused: credentials before the host,
 * backslashes, white space and control characters, schemes that do not name a host. `host` is lower case, in its ASCII
 * form, without a final dot; an IPv4 address in any notation is four decimals.
 */
export function readUrl(text: string): ReadUrl {
  if (/[\s\p{C}\p{Z}]/u.test(text)) return { ok: false, message: 'holds white space or a control character' };
  if (text.includes('\\')) return { ok: false, message: 'holds a backslash, which some clients read as `/`' };
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return { ok: false, message: 'is not a complete URL' };
  }
  const port = SCHEMES[url.protocol];
  if (port === undefined) return { ok: false, message: 'is not an http, https, ws, wss or ftp URL' };
  // `https:example.com` and `https:///example.com` parse, but not in every client.
  if (!/^[a-zA-Z]+:\/\/[^/?#]/.test(text)) return { ok: false, message: 'does not have exactly `//` before its host' };
  const authority = /^[a-zA-Z]+:\/\/([^/?#]*)/.exec(text)?.[1] ?? '';
  if (authority.includes('@') || url.username !== '' || url.password !== '') {
    return { ok: false, message: 'holds credentials before the host' };
  }
  if (authority.includes('%')) return { ok: false, message: 'holds an encoded character in the host' };
  const host = stripFinalDot(url.hostname);
  if (host === '' || host.endsWith('.')) return { ok: false, message: 'names no host' };
  url.hostname = host;
  return { ok: true, host, port: url.port || port, text: url.href };
}

/** A host rule: `api.example.com`, `*.example.com` (subdomains only), `*`, each with an optional `:port`. */
export interface HostRule {
  isMatch(url: ReadUrl): boolean;
}

/** Compiles a host rule; undefined when it does not name a host. */
export function compileHostRule(rule: string): HostRule | undefined {
  const parts = /^(\*\.)?(\[[0-9a-fA-F:.]+\]|[^:/?#@\s\\*]+)(?::(\d{1,5}))?$/.exec(rule);
  if (rule === '*') return { isMatch: (url) => url.ok };
  const named = parts?.[2];
  if (!parts || named === undefined || !URL.canParse(`http://${named}/`)) return undefined;
  const host = stripFinalDot(new URL(`http://${named}/`).hostname);
  const port = parts[3];
  const subdomains = parts[1] !== undefined;
  if (host === '' || (subdomains && /^[\d.]+$|^\[/.test(host))) return undefined;
  return {
    isMatch(url) {
      if (!url.ok || (port !== undefined && url.port !== port)) return false;
      return subdomains ? url.host.endsWith(`.${host}`) : url.host === host;
    },
  };
}

function stripFinalDot(host: string): string {
  return host.endsWith('.') ? host.slice(0, -1) : host;
}
