import type { JsonObject } from '../../../base/json.ts';
import type { RpcError, RpcId, RpcMessage, RpcRequest } from '../../../model/json-rpc.ts';
import { encodeHeaderValue } from '../../../model/mcp-header.ts';
import type { McpAnswer } from '../../../ports/mcp-upstream.ts';
import type { Over } from '../../../ports/tool-source.ts';
import { GATEWAY, MODERN_VERSION, type Negotiated } from './negotiate.ts';
import { type Wire, WireFailure } from './wire.ts';

/** What came of one request. Never thrown: every way of failing is a value. */
export type Reply =
  | { readonly kind: 'result'; readonly result: JsonObject }
  | { readonly kind: 'error'; readonly error: RpcError }
  | { readonly kind: 'failure'; readonly failure: WireFailure };

/** Takes what the server sends besides answers. */
export interface Listener {
  onNotification(method: string, params: JsonObject): void;
  /** Never rejects. */
  onRequest(method: string, params: JsonObject, signal: AbortSignal): Promise<McpAnswer>;
}

export interface Ask {
  readonly method: string;
  readonly params: JsonObject;
  readonly signal: AbortSignal;
  /** Members of the request's `_meta`. */
  readonly meta?: JsonObject;
  /** What the server may ask of the client while it works on this. Modern only. */
  readonly capabilities?: JsonObject;
  readonly headers?: Readonly<Record<string, string>>;
  readonly onProgress?: (progress: JsonObject) => void;
  readonly listener?: Listener;
}

interface Pending {
  readonly ask: Ask;
  readonly settle: (reply: Reply) => void;
}

const NOT_OFFERED: McpAnswer = { ok: false, error: { code: -32_601, message: 'Method not found' } };
const FRESH_MS = 1_000;
const NAMED: Readonly<Record<string, 'name' | 'uri'>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
};

/**
 * One conversation with one server: matches answers, progress and questions to the requests they belong to. Messages
 * pass as they are; nothing in them is understood beyond that.
 */
export class Connection {
  readonly negotiated: Negotiated;
  readonly #wire: Wire;
  readonly #listener: Listener;
  readonly #onClose: () => void;
  readonly #pending = new Map<RpcId, Pending>();
  readonly #asked = new Map<RpcId, AbortController>();
  #lastId = 0;
  #open = true;
  #isRetired = false;
  /** Runs while the server's last answer is so new that its session need not be asked after. */
  #fresh: NodeJS.Timeout | undefined;

  constructor(wire: Wire, negotiated: Negotiated, listener: Listener, onClose: () => void) {
    this.#wire = wire;
    this.negotiated = negotiated;
    this.#heard();
    this.#listener = listener;
    this.#onClose = onClose;
    wire.onMessage = (message) => this.#receive(message, undefined);
    wire.onClose = () => this.#end();
  }

  /** By which revision, and over what, it is spoken with. */
  get over(): Over {
    return { version: this.negotiated.version, transport: this.#wire.streams ? 'tcp' : 'pipe' };
  }

  get open(): boolean {
    return this.#open;
  }

  /** Whether requests are under way. */
  get busy(): boolean {
    return this.#pending.size > 0;
  }

  /** Whether another connection should take this one's place as soon as there is one. */
  get stale(): boolean {
    return this.#wire.stale;
  }

  /** Ends it once nothing is under way on it. */
  retire(): void {
    this.#isRetired = true;
    if (!this.busy) void this.close();
  }

  ask(ask: Ask): Promise<Reply> {
    return new Promise((resolve) => {
      const fail = (failure: WireFailure) => settle({ kind: 'failure', failure });
      if (ask.signal.aborted)
        return resolve({ kind: 'failure', failure: new WireFailure('aborted', 'no', 'cancelled') });
      if (!this.#open) {
        return resolve({ kind: 'failure', failure: new WireFailure('unreachable', 'no', 'the connection has ended') });
      }
      const id = ++this.#lastId;
      const settle = (reply: Reply) => {
        if (!this.#pending.delete(id)) return;
        ask.signal.removeEventListener('abort', onAbort);
        resolve(reply);
        if (this.#isRetired && !this.busy) void this.close();
      };
      const onAbort = () => {
        this.#cancel(id, ask);
        fail(new WireFailure('aborted', 'unknown', 'cancelled'));
      };
      ask.signal.addEventListener('abort', onAbort, { once: true });
      const pending: Pending = { ask, settle };
      this.#pending.set(id, pending);
      this.#wire
        .send(this.#frame(id, ask), {
          signal: ask.signal,
          headers: this.#describe(ask),
          onMessage: (message) => this.#receive(message, pending),
        })
        .then(
          () => {
            if (this.#wire.streams && this.#pending.has(id)) {
              fail(new WireFailure('lost', 'unknown', 'the server closed the stream without an answer'));
            }
          },
          (error: unknown) => fail(toFailure(error)),
        );
    });
  }

  /**
   * Whether the server still knows the session of a legacy connection over HTTP. It is asked, with a `ping`, unless it
   * answered something a moment ago: a server that was started again knows none, and says so to whatever comes next.
   */
  async hasSession(signal: AbortSignal): Promise<boolean> {
    if (this.negotiated.era === 'modern' || !this.#wire.streams || this.#fresh !== undefined) return true;
    const reply = await this.ask({ method: 'ping', params: {}, signal });
    return reply.kind !== 'failure' || reply.failure.kind !== 'session';
  }

  notify(method: string, params: JsonObject): void {
    // Nobody waits for a notification; if it cannot be sent, the requests it is about fail by themselves.
    this.#wire.send({ jsonrpc: '2.0', method, params }).catch(() => {});
  }

  async close(): Promise<void> {
    await this.#wire.close();
    this.#end();
  }

  #frame(id: RpcId, ask: Ask): RpcRequest {
    const modern = this.negotiated.era === 'modern';
    if (!modern && ask.meta === undefined && ask.onProgress === undefined) {
      return { jsonrpc: '2.0', id, method: ask.method, params: ask.params };
    }
    const _meta: JsonObject = {
      ...ask.meta,
      ...(ask.onProgress === undefined ? {} : { progressToken: id }),
      ...(modern
        ? {
            'io.modelcontextprotocol/protocolVersion': MODERN_VERSION,
            'io.modelcontextprotocol/clientInfo': GATEWAY,
            'io.modelcontextprotocol/clientCapabilities': ask.capabilities ?? {},
          }
        : {}),
    };
    return { jsonrpc: '2.0', id, method: ask.method, params: { ...ask.params, _meta } };
  }

  #describe(ask: Ask): Record<string, string> {
    const traceparent = ask.meta?.['traceparent'];
    const trace = typeof traceparent === 'string' ? { traceparent } : {};
    if (this.negotiated.era === 'legacy') return trace;
    const source = Object.hasOwn(NAMED, ask.method) ? NAMED[ask.method] : undefined;
    const name = source === undefined ? undefined : ask.params[source];
    return {
      'mcp-method': ask.method,
      ...(typeof name === 'string' ? { 'mcp-name': encodeHeaderValue(name) } : {}),
      ...ask.headers,
      ...trace,
    };
  }

  /** Closing its stream is how a modern request is cancelled over HTTP; everywhere else a notification says so. */
  #cancel(id: RpcId, ask: Ask): void {
    if (this.negotiated.era === 'modern' && this.#wire.streams) return;
    if (ask.method !== 'initialize') this.notify('notifications/cancelled', { requestId: id });
  }

  #receive(message: RpcMessage, stream: Pending | undefined): void {
    if (!('method' in message)) {
      this.#settle(message);
      return;
    }
    const { method, params = {} } = message;
    if ('id' in message) void this.#answer(message, params, stream);
    else if (method === 'notifications/progress') this.#progress(params);
    else if (method === 'notifications/cancelled') this.#withdraw(params);
    else (this.#owner(stream) ?? this.#listener).onNotification(method, params);
  }

  #heard(): void {
    if (this.negotiated.era === 'modern' || !this.#wire.streams) return;
    if (this.#fresh !== undefined) this.#fresh.refresh();
    else this.#fresh = setTimeout(() => (this.#fresh = undefined), FRESH_MS).unref();
  }

  #settle(message: Exclude<RpcMessage, { method: string }>): void {
    this.#heard();
    const pending = message.id === null ? undefined : this.#pending.get(message.id);
    if ('result' in message) pending?.settle({ kind: 'result', result: message.result });
    else pending?.settle({ kind: 'error', error: message.error });
  }

  #progress(params: JsonObject): void {
    const { progressToken, ...progress } = params;
    if (typeof progressToken === 'number') this.#pending.get(progressToken)?.ask.onProgress?.(progress);
  }

  #withdraw(params: JsonObject): void {
    const { requestId } = params;
    if (typeof requestId === 'string' || typeof requestId === 'number') this.#asked.get(requestId)?.abort();
  }

  async #answer(request: RpcRequest, params: JsonObject, stream: Pending | undefined): Promise<void> {
    const { id, method } = request;
    const abort = new AbortController();
    this.#asked.set(id, abort);
    const answer: McpAnswer =
      method === 'ping'
        ? { ok: true, result: {} }
        : this.negotiated.era === 'modern'
          ? NOT_OFFERED
          : await (this.#owner(stream) ?? this.#listener).onRequest(method, params, abort.signal);
    this.#asked.delete(id);
    if (abort.signal.aborted) return;
    const body = answer.ok ? { result: answer.result } : { error: answer.error };
    // If the answer cannot be sent, the request that waits for it fails on its own.
    this.#wire.send({ jsonrpc: '2.0', id, ...body }).catch(() => {});
  }

  /** The request a message belongs to: the one whose stream it came on, or the only one under way. */
  #owner(stream: Pending | undefined): Listener | undefined {
    if (stream) return stream.ask.listener;
    if (this.#pending.size !== 1) return undefined;
    const [only] = this.#pending.values();
    return only?.ask.listener;
  }

  #end(): void {
    if (!this.#open) return;
    this.#open = false;
    clearTimeout(this.#fresh);
    for (const abort of this.#asked.values()) abort.abort();
    const failure = new WireFailure('lost', 'unknown', 'the connection to the server ended');
    for (const pending of [...this.#pending.values()]) pending.settle({ kind: 'failure', failure });
    this.#onClose();
  }
}

function toFailure(error: unknown): WireFailure {
  return error instanceof WireFailure
    ? error
    : new WireFailure('lost', 'unknown', 'the connection broke', { cause: error });
}
