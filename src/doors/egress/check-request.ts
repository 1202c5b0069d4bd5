import type { IncomingMessage } from 'node:http';
import type { ErrorCode } from '../../base/errors.ts';
import { seeksMetadata } from '../../policy/egress/metadata-service.ts';
import {
  type EgressTarget,
  type EgressUrl,
  printAuthority,
  type Read,
  readAbsolute,
  readAuthority,
  readTarget,
} from '../../policy/egress/read-target.ts';

/** The host that everything on a connection goes to, once a tunnel to it was opened. */
export interface Tunnelled extends EgressTarget {
  readonly tls: boolean;
}

/** A request in the one form in which it is decided and sent on. */
export interface CheckedRequest {
  readonly method: string;
  readonly url: EgressUrl;
  /** Names and values in turn: what goes on to the host, without what was meant for the door. */
  readonly headers: string[];
  /** Whether a body follows. */
  readonly hasBody: boolean;
  /** The protocol it asks to change to; only WebSocket is let through. */
  readonly upgrade: 'websocket' | undefined;
}

/** For one connection only: never sent on. */
const HOP_BY_HOP = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'proxy-authorization',
  'proxy-authenticate',
  'http2-settings',
  'host',
]);
/** What a Connection header may name. Anything else would take a header away between the door and the host. */
const CONNECTION_OPTIONS = new Set(['close', 'keep-alive', 'upgrade', 'te', 'http2-settings', 'proxy-connection', '']);
/** TRACE answers with what it was sent, what the door puts in included. */
const NO_METHODS = new Set(['TRACE', 'TRACK', 'CONNECT']);

const refuse = (message: string) => ({ ok: false, message }) as const;

/**
 * Reads a request that Node's strict parser let through, and refuses what one reader takes for two requests, for another
 * host or for another length than the next. What is sent on is written anew from what was read.
 */
export function checkRequest(incoming: IncomingMessage, tunnel: Tunnelled | undefined): Read<CheckedRequest> {
  const { method = '', url: target = '', rawHeaders, httpVersion } = incoming;
  if (NO_METHODS.has(method)) return refuse(`the method ${method} is not passed on`);
  const read = tunnel === undefined ? readAbsolute(target) : readTunnelled(target, tunnel);
  if (!read.ok) return read;
  const url = read.value;
  const headers: string[] = ['Host', printAuthority(url, url.tls)];
  let hosts = 0;
  let lengths = 0;
  let encodings = 0;
  let upgrade: string | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase();
    const value = rawHeaders[i + 1] ?? '';
    if (HAS_CONTROL.test(value)) return refuse('a header holds a control character');
    if (name === 'host') {
      hosts += 1;
      const host = readAuthority(value, url.tls ? 443 : 80);
      if (!host.ok || host.value.host !== url.host || host.value.port !== url.port)
        return refuse('the Host header names another host than the request goes to');
    } else if (name === 'content-length') {
      lengths += 1;
      if (!/^\d{1,15}$/.test(value)) return refuse('the Content-Length is not a plain number');
    } else if (name === 'transfer-encoding') {
      encodings += 1;
      if (value.toLowerCase() !== 'chunked') return refuse('the body is encoded in a way that is not passed on');
    } else if (name === 'connection' || name === 'proxy-connection') {
      const options = value.split(',').map((option) => option.trim().toLowerCase());
      if (options.some((option) => !CONNECTION_OPTIONS.has(option)))
        return refuse('the Connection header would take other headers away');
    } else if (name === 'upgrade') {
      if (upgrade !== undefined) return refuse('there are two Upgrade headers');
      upgrade = value.trim().toLowerCase();
    }
    if (!HOP_BY_HOP.has(name)) headers.push(rawHeaders[i] ?? '', value);
  }
  if (hosts > 1) return refuse('there are two Host headers');
  if (hosts === 0 && httpVersion !== '1.0') return refuse('there is no Host header');
  if (lengths > 1 || encodings > 1 || (lengths > 0 && encodings > 0))
    return refuse('the length of the body is given in more than one way');
  if (encodings > 0 && httpVersion !== '1.1') return refuse('HTTP/1.0 has no Transfer-Encoding');
  const isUpgrade = upgrade !== undefined && /\bupgrade\b/i.test(incoming.headers.connection ?? '');
  if (isUpgrade && upgrade !== 'websocket') return refuse('a change to this protocol is not passed on');
  if (isUpgrade && (lengths > 0 || encodings > 0 || method !== 'GET'))
    return refuse('an upgrade is a GET without a body');
  const hasBody = encodings > 0 || (lengths > 0 && incoming.headers['content-length'] !== '0');
  return { ok: true, value: { method, url, headers, hasBody, upgrade: isUpgrade ? 'websocket' : undefined } };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const HAS_CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f]/;

/** What a request is refused as that cannot be read: where one of its texts leads to a metadata service, as that. */
export function codeFor(texts: readonly (string | undefined)[]): ErrorCode {
  return texts.some((text) => text !== undefined && seeksMetadata(text)) ? 'E_EGRESS_ADDRESS' : 'E_EGRESS_REQUEST';
}

/** In a tunnel the host is settled: the absolute form may only repeat it. */
function readTunnelled(target: string, tunnel: Tunnelled): Read<EgressUrl> {
  if (target.startsWith('/')) return readTarget(tunnel, tunnel.tls, target);
  if (target === '*') return refuse('a request for the host as a whole is not passed on');
  const read = readAbsolute(target);
  if (!read.ok) return read;
  const { host, port, tls } = read.value;
  if (host !== tunnel.host || port !== tunnel.port || tls !== tunnel.tls)
    return refuse('the request goes to another host than its tunnel');
  return read;
}
