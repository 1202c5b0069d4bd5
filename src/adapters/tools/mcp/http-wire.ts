import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { urlToHttpOptions } from 'node:url';
import { isJsonObject } from '../../../base/json.ts';
import { limits } from '../../../base/limits.ts';
import type { RpcMessage } from '../../../model/json-rpc.ts';
import { readBounded } from './read-bounded.ts';
import { SseReader } from './sse.ts';
import { type SendOptions, type Wire, WireFailure } from './wire.ts';

const ACCEPT = 'application/json, text/event-stream';
const VISIBLE_ASCII = /^[\x21-\x7e]{1,1024}$/;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 60_000;
const RESUMES_PER_REQUEST = 5;

/** Headers whose values may be others with each request, and that have to be given back. */
export interface LentHeaders {
  /** Rejects with a `Fault` where they cannot be had. */
  read(): Promise<Readonly<Record<string, string>>>;
  end(): void;
}

/**
 * A server behind a URL (Streamable HTTP). Connections are kept alive. The configured headers go to this URL only:
 * redirects are not followed, and nothing of what callers present is ever added.
 */
export class HttpWire implements Wire {
  readonly streams = true;
  readonly stale = false;
  readonly #lent: LentHeaders | undefined;
  readonly #target: RequestOptions;
  readonly #secure: boolean;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #agent: HttpAgent | HttpsAgent;
  readonly #open = new Set<ClientRequest>();
  #sessionId: string | undefined;
  #version: string | undefined;
  #closed = false;
  #retry: NodeJS.Timeout | undefined;
  onMessage: (message: RpcMessage) => void = () => {};
  onClose: () => void = () => {};

  constructor(url: URL, headers: Readonly<Record<string, string>>, lent?: LentHeaders) {
    this.#lent = lent;
    const { protocol, hostname, port, path } = urlToHttpOptions(url);
    this.#target = { protocol, hostname, port, path };
    this.#secure = protocol === 'https:';
    this.#headers = headers;
    const options = { keepAlive: true, scheduling: 'lifo' as const };
    this.#agent = this.#secure ? new HttpsAgent(options) : new HttpAgent(options);
  }

  async start(): Promise<void> {}

  useVersion(version: string): void {
    this.#version = version;
  }

  listen(): Promise<void> {
    return new Promise((resolve) => {
      // A server may hold the head of its stream back until it has something to say.
      const timer = setTimeout(resolve, limits.mcpListenMs);
      this.#listen(undefined, FIRST_RETRY_MS, () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  async send(message: RpcMessage, options: SendOptions = {}): Promise<void> {
    const deliver = options.onMessage ?? this.onMessage;
    const body = Buffer.from(JSON.stringify(message));
    const exchange = this.#exchange(
      'POST',
      { accept: ACCEPT, 'content-type': 'application/json', ...options.headers },
      options.signal,
      body,
    );
    const response = await exchange;
    const session = response.headers['mcp-session-id'];
    if (typeof session === 'string' && VISIBLE_ASCII.test(session)) this.#sessionId = session;
    const status = response.statusCode ?? 0;
    if (status === 202 || status === 204) return void response.resume();
    if (status < 200 || status > 299) return this.#reject(response, status, message, deliver);
    const type = response.headers['content-type'] ?? '';
    if (/^text\/event-stream\b/i.test(type)) return this.#follow(response, message, deliver, options.signal);
    if (!/^application\/json\b/i.test(type)) {
      response.destroy();
      throw new WireFailure('unusable', 'unknown', `the server answered with content type \`${type.slice(0, 64)}\``, {
        status,
      });
    }
    deliverAll(parse(await readBody(response, limits.resultBytes)), deliver);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#retry);
    for (const request of this.#open) request.destroy();
    if (this.#sessionId !== undefined) await this.#endSession();
    this.#agent.destroy();
    this.#lent?.end();
    this.onClose();
  }

  /** Tells a legacy server that the session is over. Best effort: the server forgets it by itself otherwise. */
  async #endSession(): Promise<void> {
    try {
      const response = await this.#exchange('DELETE', {}, AbortSignal.timeout(FIRST_RETRY_MS));
      response.resume();
    } catch {
      // The server is gone, and its session with it.
    }
  }

  /** One HTTP request, up to the head of its response. */
  async #exchange(
    method: string,
    headers: Record<string, string>,
    signal?: AbortSignal,
    body?: Buffer,
  ): Promise<IncomingMessage> {
    if (this.#lent === undefined) return this.#send(method, { ...headers, ...this.#headers }, signal, body);
    const lent = await this.#lent.read().catch((cause: unknown) => {
      throw new WireFailure('unreachable', 'no', 'a credential of the server could not be had', { cause });
    });
    return this.#send(method, { ...headers, ...this.#headers, ...lent }, signal, body);
  }

  #send(
    method: string,
    headers: Record<string, string>,
    signal?: AbortSignal,
    body?: Buffer,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(new WireFailure('aborted', 'no', 'cancelled before anything was sent'));
      const send = this.#secure ? httpsRequest : httpRequest;
      const request = send({
        ...this.#target,
        method,
        agent: this.#agent,
        headers: {
          ...(this.#version === undefined ? {} : { 'mcp-protocol-version': this.#version }),
          ...(this.#sessionId === undefined ? {} : { 'mcp-session-id': this.#sessionId }),
          ...headers,
          ...(body === undefined ? {} : { 'content-length': body.length }),
        },
      });
      this.#open.add(request);
      // Until the connection stands, not a byte has been sent.
      let connected = false;
      request.once('socket', (socket) => {
        if (!socket.connecting) connected = true;
        else socket.once(this.#secure ? 'secureConnect' : 'connect', () => (connected = true));
      });
      const onAbort = () => request.destroy();
      signal?.addEventListener('abort', onAbort, { once: true });
      request.once('close', () => {
        this.#open.delete(request);
        signal?.removeEventListener('abort', onAbort);
      });
      request.on('error', (cause) => {
        const ran = connected ? 'unknown' : 'no';
        if (signal?.aborted) return reject(new WireFailure('aborted', ran, 'cancelled'));
        reject(
          connected
            ? new WireFailure('lost', 'unknown', 'the connection broke before the answer came', { cause })
            : new WireFailure('unreachable', 'no', 'the server could not be reached', { cause }),
        );
      });
      request.once('response', resolve);
      request.end(body);
    });
  }

  /** A status that says no. Its body may still carry the JSON-RPC error of this very request. */
  async #reject(
    response: IncomingMessage,
    status: number,
    message: RpcMessage,
    deliver: (m: RpcMessage) => void,
  ): Promise<void> {
    const text = await readBody(response, limits.resultBytes).catch(() => '');
    if (status === 404 && this.#sessionId !== undefined) {
      // It says that the session is over, not since when: what acted may have ended it, or answer so for another reason.
      throw new WireFailure('session', 'unknown', 'the server has ended the session', { status });
    }
    // An answer from something in front of the server (401, 403, 5xx) is no answer of the server's.
    if (status < 500 && status !== 401 && status !== 403 && 'id' in message) {
      const answer = readBounded(tryParse(text));
      if (answer !== undefined && 'error' in answer && (answer.id === message.id || answer.id === null)) {
        return deliver({ ...answer, id: message.id });
      }
    }
    throw new WireFailure(
      'rejected',
      isRefusedUnread(response, status) ? 'no' : 'unknown',
      `the server answered with HTTP status ${status}`,
      { status },
    );
  }

  /** Reads a request's stream to its end, resuming a legacy one that breaks off before the answer. */
  async #follow(
    response: IncomingMessage,
    message: RpcMessage,
    deliver: (m: RpcMessage) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    let answered = !('id' in message) || !('method' in message);
    let retryMs = FIRST_RETRY_MS;
    let lastEventId: string | undefined;
    const take = (m: RpcMessage) => {
      if (!('method' in m) && 'id' in message && m.id === message.id) answered = true;
      deliver(m);
    };
    for (let attempt = 0; ; attempt++) {
      lastEventId = (await readStream(response, take, (ms) => (retryMs = ms))) ?? lastEventId;
      if (answered || signal?.aborted || this.#closed) return;
      if (this.#sessionId === undefined || lastEventId === undefined || attempt === RESUMES_PER_REQUEST) break;
      await pause(Math.min(retryMs, LAST_RETRY_MS), signal);
      response = await this.#exchange('GET', { accept: 'text/event-stream', 'last-event-id': lastEventId }, signal);
      if (response.statusCode !== 200) {
        response.destroy();
        break;
      }
    }
    throw new WireFailure('lost', 'unknown', 'the stream ended before the answer came');
  }

  /** The stream of what a legacy server sends of its own accord. It need not have one; if it breaks it is reopened. */
  #listen(lastEventId: string | undefined, delayMs: number, onAnswer: () => void = () => {}): void {
    if (this.#closed) {
      onAnswer();
      return;
    }
    let retryMs = Math.min(delayMs * 2, LAST_RETRY_MS);
    const again = (from: string | undefined) => {
      if (this.#closed) return;
      this.#retry = setTimeout(() => this.#listen(from, retryMs), retryMs).unref();
    };
    const headers = {
      accept: 'text/event-stream',
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    };
    this.#exchange('GET', headers)
      .then(async (response) => {
        onAnswer();
        const isStream = /^text\/event-stream\b/i.test(response.headers['content-type'] ?? '');
        if (response.statusCode !== 200 || !isStream) return void response.destroy();
        retryMs = FIRST_RETRY_MS;
        again((await readStream(response, this.onMessage, (ms) => (retryMs = ms))) ?? lastEventId);
      })
      .catch(() => {
        onAnswer();
        again(lastEventId);
      });
  }
}

/**
 * Statuses with which HTTP (RFC 9110) refuses a message for its method, type or size: what could act on it was never
 * handed it.
 */
const REFUSED_UNREAD = new Set([405, 406, 411, 413, 414, 415, 417, 421, 426, 431]);

/**
 * Whether the response proves that the message was not handed on. A challenge comes before any use of what was sent
 * (401, or 403 for a scope, each with `WWW-Authenticate`). No other status proves it: something in front of the server
 * may answer 408, 409, 425 or 429 for a request that it has passed on, and a server may act and then answer anything.
 * Nor does a bare 400: where the protocol calls for that status (a header, a version, a capability), the body has a
 * JSON-RPC error that says so, and what that error means is decided by its code.
 */
function isRefusedUnread(response: IncomingMessage, status: number): boolean {
  if (status === 401 || status === 403) return response.headers['www-authenticate'] !== undefined;
  return REFUSED_UNREAD.has(status);
}

async function readStream(
  response: IncomingMessage,
  deliver: (message: RpcMessage) => void,
  onRetry: (retryMs: number) => void,
): Promise<string | undefined> {
  const reader = new SseReader(
    limits.resultBytes,
    ({ event, data }) => event === 'message' && deliverAll(parse(data), deliver),
    onRetry,
  );
  response.setEncoding('utf8');
  return new Promise((resolve, reject) => {
    response.on('data', (chunk: string) => {
      try {
        reader.push(chunk);
      } catch (cause) {
        response.destroy();
        reject(
          cause instanceof WireFailure
            ? cause
            : new WireFailure('unusable', 'unknown', 'the stream is not readable', { cause }),
        );
      }
    });
    // A stream that breaks has ended: whether that matters depends on what it had carried by then.
    response.once('error', () => resolve(reader.lastEventId));
    response.once('close', () => resolve(reader.lastEventId));
  });
}

function readBody(response: IncomingMessage, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        response.destroy();
        reject(new WireFailure('unusable', 'unknown', 'the answer is over the size limit'));
      } else chunks.push(chunk);
    });
    let ended = false;
    response.once('end', () => {
      ended = true;
      const [first, ...more] = chunks;
      resolve(first === undefined ? '' : (more.length === 0 ? first : Buffer.concat(chunks)).toString('utf8'));
    });
    const lost = (cause?: unknown) => {
      if (!ended) reject(new WireFailure('lost', 'unknown', 'the answer broke off', { cause }));
    };
    response.once('error', lost);
    response.once('close', lost);
  });
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A server may not answer with what is not JSON: the request stays unanswered and counts as lost. */
function parse(text: string): unknown {
  // An empty event only carries an id to resume from.
  if (text === '') return undefined;
  const value = tryParse(text);
  if (value === undefined) throw new WireFailure('unusable', 'unknown', 'the server sent something that is not JSON');
  return value;
}

function deliverAll(value: unknown, deliver: (message: RpcMessage) => void): void {
  for (const each of Array.isArray(value) ? value : [value]) {
    const message = isJsonObject(each) ? readBounded(each) : undefined;
    if (message) deliver(message);
  }
}

function pause(delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, delayMs);
    function done(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
    signal?.addEventListener('abort', done, { once: true });
  });
}
