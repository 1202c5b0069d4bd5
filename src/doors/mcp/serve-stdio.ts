import type { Readable, Writable } from 'node:stream';
import { errorEntry } from '../../base/errors.ts';
import { Fault } from '../../base/fault.ts';
import { findJsonProblem, isJsonObject, type JsonObject } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import { LineReader } from '../../base/line-reader.ts';
import { type RpcId, type RpcMessage, type RpcRequest, readMessage } from '../../model/json-rpc.ts';
import { readClientCapabilities } from '../../model/mcp-capabilities.ts';
import { answerRequest, knowsMethod } from './answer-request.ts';
import { type Channel, type DoorAnswer, fail, type McpClient, methodNotFound } from './client.ts';
import type { DoorState } from './door-state.ts';
import type { McpCaller } from './gate.ts';
import { LegacySession } from './legacy-session.ts';
import type { Peers } from './peers.ts';
import { LEGACY_VERSIONS, LOG_LEVELS, META, MODERN_VERSION } from './protocol.ts';
import { openSubscription } from './subscription.ts';

/** What may wait for a client that reads more slowly than its servers talk; notifications beyond it are dropped. */
const UNREAD_BYTES = 8_388_608;

export interface StdioOptions {
  readonly input: Readable;
  readonly output: Writable;
  /** What the gate admits the client by. */
  readonly credentials: unknown;
}

/**
 * Serves one client on a pair of streams. How it opens says which era it speaks: `initialize` begins a session,
 * a request that carries its own protocol version needs none. Resolves when the input has ended and what it asked for
 * is done with.
 */
export async function serveStdio(door: DoorState, peers: Peers, options: StdioOptions): Promise<void> {
  const pipe = new StdioClient(door, peers, options);
  await pipe.run();
}

class StdioClient {
  readonly #door: DoorState;
  readonly #peers: Peers;
  readonly #options: StdioOptions;
  readonly #underWay = new Map<RpcId, AbortController>();
  readonly #end = Promise.withResolvers<void>();
  #session: LegacySession | undefined;

  constructor(door: DoorState, peers: Peers, options: StdioOptions) {
    this.#door = door;
    this.#peers = peers;
    this.#options = options;
  }

  async run(): Promise<void> {
    const { input, output } = this.#options;
    const end = () => this.#end.resolve();
    const lines = new LineReader(
      limits.messageBytes,
      (line) => void this.#take(line),
      () => {
        this.#write({ jsonrpc: '2.0', id: null, error: { code: -32_600, message: 'The message is too large' } });
        end();
      },
    );
    input.on('data', (chunk: Buffer) => lines.push(chunk));
    for (const event of ['end', 'close', 'error']) input.once(event, end);
    for (const event of ['close', 'error']) output.once(event, end);
    await this.#end.promise;
    input.pause();
    this.#session?.end();
    for (const abort of this.#underWay.values()) abort.abort();
  }

  async #take(line: Buffer): Promise<void> {
    let body: unknown;
    try {
      body = JSON.parse(line.toString('utf8'));
    } catch {
      return this.#refuse(null, -32_700, 'Parse error');
    }
    const id = readId(body);
    const problem = findJsonProblem(body, limits.jsonDepth);
    if (problem) return this.#refuse(id, -32_600, `Invalid Request: ${problem.message}`);
    const message = readMessage(body);
    if (!message) return this.#refuse(id, -32_600, 'Invalid Request');
    try {
      if (!('method' in message)) this.#session?.takeResponse(message);
      else if ('id' in message) await this.#answer(message);
      else this.#notice(message.method, message.params ?? {});
    } catch (error) {
      if (!(error instanceof Fault)) this.#door.onProblem(error);
      const { http, toModel } = errorEntry(error instanceof Fault ? error.code : 'E_INTERNAL');
      this.#refuse(id, http, toModel);
    }
  }

  async #answer(request: RpcRequest): Promise<void> {
    const meta = request.params?.['_meta'];
    const version = isJsonObject(meta) ? meta[META.version] : undefined;
    if (this.#session === undefined && request.method === 'initialize' && version === undefined) {
      const caller = await this.#door.gate.admit(this.#options.credentials);
      // A second `initialize` while the first is being admitted is answered by the session of the first.
      if (this.#session !== undefined) return this.#answer(request);
      const session = new LegacySession(this.#door, caller, request.params ?? {}, 'pipe');
      session.listen(
        (message) => this.#write(message),
        new AbortController().signal,
        () => {},
      );
      this.#session = session;
      return this.#reply(request.id, await session.welcome());
    }
    if (version !== undefined && isJsonObject(meta)) return this.#answerModern(request, version, meta);
    if (this.#session === undefined) {
      return this.#refuse(
        request.id,
        -32_602,
        'Invalid params: begin with `initialize`, or name the protocol version in `_meta`',
      );
    }
    const answer = await this.#session.answer(
      request,
      (message) => this.#write(message),
      undefined,
      () => this.#door.gate.admit(this.#options.credentials),
    );
    if (answer) this.#reply(request.id, answer);
  }

  async #answerModern(request: RpcRequest, version: unknown, meta: JsonObject): Promise<void> {
    const { id, method, params = {} } = request;
    if (version !== MODERN_VERSION) {
      const data = { supported: [MODERN_VERSION, ...LEGACY_VERSIONS], requested: String(version).slice(0, 64) };
      return this.#reply(id, fail(-32_022, 'Unsupported protocol version', { data }));
    }
    const capabilities = meta[META.capabilities];
    if (!isJsonObject(capabilities))
      return this.#refuse(id, -32_602, `Invalid params: \`${META.capabilities}\` is missing`);
    if (!knowsMethod('modern', method)) return this.#reply(id, methodNotFound);
    if (this.#underWay.has(id)) return this.#refuse(id, -32_600, 'A request with this id is under way');
    const abort = new AbortController();
    this.#underWay.set(id, abort);
    try {
      const caller = await this.#door.gate.admit(this.#options.credentials);
      await this.#serveModern(request, params, caller, capabilities, meta[META.logLevel], abort.signal);
    } finally {
      this.#underWay.delete(id);
    }
  }

  async #serveModern(
    request: RpcRequest,
    params: JsonObject,
    caller: McpCaller,
    capabilities: JsonObject,
    level: unknown,
    signal: AbortSignal,
  ): Promise<void> {
    const { peer, done } = this.#peers.hold(caller);
    const known = typeof level === 'string' && LOG_LEVELS.includes(level) ? { logLevel: level } : {};
    const client: McpClient = {
      caller,
      era: 'modern',
      peer,
      capabilities: readClientCapabilities(capabilities),
      ...known,
    };
    const channel: Channel = {
      over: { requestId: request.id, version: MODERN_VERSION, transport: 'pipe' },
      signal,
      notify: (method, body) => void this.#write({ jsonrpc: '2.0', method, params: body }),
      ask: () => Promise.resolve(fail(-32_601, 'Method not found')),
    };
    try {
      const answer =
        request.method === 'subscriptions/listen'
          ? await this.#subscribe(request, client, params, signal)
          : await answerRequest(this.#door, client, { method: request.method, params }, channel);
      if (!signal.aborted) this.#reply(request.id, answer);
    } finally {
      done();
    }
  }

  async #subscribe(
    request: RpcRequest,
    client: McpClient,
    params: JsonObject,
    signal: AbortSignal,
  ): Promise<DoorAnswer> {
    const opened = await openSubscription(this.#door, client, request.id, params, (message) => this.#write(message));
    if ('ok' in opened) return opened;
    if (!opened.idle && !signal.aborted) {
      const { promise: cancelled, resolve } = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => resolve(), { once: true });
      await Promise.race([cancelled, this.#end.promise]);
    }
    opened.stop();
    return opened.goodbye;
  }

  #notice(method: string, params: JsonObject): void {
    if (method === 'notifications/cancelled') {
      const { requestId } = params;
      if (typeof requestId === 'string' || typeof requestId === 'number') this.#underWay.get(requestId)?.abort();
    }
    this.#session?.takeNotification(method, params);
  }

  #reply(id: RpcId, answer: DoorAnswer): void {
    this.#write(
      answer.ok ? { jsonrpc: '2.0', id, result: answer.result } : { jsonrpc: '2.0', id, error: answer.error },
    );
  }

  #refuse(id: RpcId | null, code: number, message: string): void {
    this.#write({ jsonrpc: '2.0', id, error: { code, message } });
  }

  #write(message: RpcMessage): boolean {
    const { output } = this.#options;
    if (!output.writable) return false;
    if (!('id' in message) && output.writableLength > UNREAD_BYTES) return false;
    output.write(`${JSON.stringify(message)}\n`);
    return true;
  }
}

function readId(body: unknown): RpcId | null {
  const id = isJsonObject(body) ? body['id'] : undefined;
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}
