import type { IncomingMessage } from 'node:http';

/** What is known of a request before its body, from `node:http` where it is there: web `Headers` cost on the hot path. */
export interface RequestHead {
  readonly method: string;
  /** The request target as it was sent: path and query. */
  readonly target: string;
  header(name: string): string | undefined;
  readonly secure: boolean;
  /** Address of the other end of the connection; undefined where the door was called without one. */
  readonly remoteAddress: string | undefined;
  /** Names and values in turn, as they were sent; undefined where duplicates were joined before we saw them. */
  readonly rawHeaders: readonly string[] | undefined;
}

/** The head of a request that came over a socket. */
export function readHead(incoming: IncomingMessage): RequestHead {
  const { headers, socket } = incoming;
  return {
    method: incoming.method ?? 'GET',
    target: incoming.url ?? '/',
    header: (name) => {
      const value = headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    secure: 'encrypted' in socket,
    remoteAddress: socket.remoteAddress,
    rawHeaders: incoming.rawHeaders,
  };
}

/** The head of a request that was handed over as a web `Request`. */
export function readWebHead(request: Request): RequestHead {
  const url = new URL(request.url);
  return {
    method: request.method,
    target: url.pathname + url.search,
    header: (name) => request.headers.get(name) ?? (name === 'host' ? url.host : undefined),
    secure: url.protocol === 'https:',
    remoteAddress: undefined,
    rawHeaders: undefined,
  };
}

export function pathOf(target: string): string {
  const end = target.indexOf('?');
  return end < 0 ? target : target.slice(0, end);
}
