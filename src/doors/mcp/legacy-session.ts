import { newId } from '../../base/clock.ts';
import type { JsonObject } from '../../base/json.ts';
import type { RpcId, RpcMessage, RpcRequest, RpcResponse } from '../../model/json-rpc.ts';
import { readClientCapabilities } from '../../model/mcp-capabilities.ts';
import type { McpTransport } from '../../model/mcp-via.ts';
import type { McpPeer } from '../../ports/mcp-upstream.ts';
import { answerRequest } from './answer-request.ts';
import { notPut, putQuestion, readRemark } from './call.ts';
import { type Channel, type DoorAnswer, fail, invalidParams, type McpClient } from './client.ts';
import { describeGateway } from './describe-gateway.ts';
import { type DoorState, viewOf } from './door-state.ts';
import { followLists } from './follow-lists.ts';
import { callerKey, type McpCaller } from './gate.ts';
import { isListed } from './offers.ts';
import { GATEWAY, LEGACY_VERSIONS, LOG_LEVELS } from './protocol.ts';
import { Questions } from './questions.ts';
import { RemarkAllowance } from './remark-allowance.ts';

/** Takes a message to the client; false if there is no way to it at the moment. */
export type Outlet = (message: RpcMessage) => boolean;

/**
 * A client of the session era, from its `initialize` until it leaves: its requests under way, the questions put to it,
 * what it watches. Every server has a connection of its own for it, so that what a server asks finds its way back.
 */
export class LegacySession {
  readonly version: string;
  readonly #door: DoorState;
  readonly #transport: McpTransport;
  readonly #capabilities: JsonObject;
  readonly #peer: McpPeer;
  readonly #questions = new Questions();
  readonly #underWay = new Map<RpcId, { readonly abort: AbortController; readonly send: Outlet }>();
  readonly #watched = new Map<string, () => void>();
  readonly #allowance: RemarkAllowance;
  readonly #stopFollowing: () => void;
  #caller: McpCaller;
  #logLevel = 'debug';
  #ended = false;
  #outlet: Outlet = () => false;
  #closeOutlet: (() => void) | undefined;

  constructor(door: DoorState, caller: McpCaller, params: JsonObject, transport: McpTransport) {
    const { protocolVersion, capabilities } = params;
    const known = typeof protocolVersion === 'string' && LEGACY_VERSIONS.includes(protocolVersion);
    this.#caller = caller;
    this.#transport = transport;
    this.#allowance = new RemarkAllowance(door.clock);
    this.version = known ? protocolVersion : (LEGACY_VERSIONS[0] ?? '');
    this.#door = door;
    this.#capabilities = readClientCapabilities(capabilities);
    this.#peer = {
      name: newId(door.clock, 'mcps'),
      principal: callerKey(caller),
      era: 'legacy',
      capabilities: this.#capabilities,
      onNotification: (server, method, body) => {
        if (door.gate.isConfined(this.#caller, server)) return;
        const remark = readRemark(this.#client(), this.#allowance, method, body);
        if (remark) this.#notify(method, remark);
      },
      onRequest: async (server, method, body, signal) =>
        door.gate.isConfined(this.#caller, server)
          ? notPut
          : putQuestion(
              door,
              this.#client(),
              server,
              method,
              body,
              { ask: (...asked) => this.#ask((message) => this.#reach(message), ...asked) },
              signal,
            ),
    };
    this.#stopFollowing = followLists(door, (method) => this.#notify(method, {}));
  }

  get caller(): McpCaller {
    return this.#caller;
  }

  /** Whether a request is under way. */
  get working(): boolean {
    return this.#underWay.size > 0;
  }

  /** Whether the client is there in some way: a request under way, or a stream it listens on. */
  get busy(): boolean {
    return this.working || this.#closeOutlet !== undefined;
  }

  /** The answer to the `initialize` that opened the session. */
  async welcome(): Promise<DoorAnswer> {
    const { capabilities } = await describeGateway(this.#door, this.caller);
    return { ok: true, result: { protocolVersion: this.version, capabilities, serverInfo: GATEWAY } };
  }

  /**
   * Answers a request; `send` takes what belongs to it before the answer. Resolves to `undefined` if the client
   * cancelled it, which is answered with silence. Never rejects. `admit` says who calls now, where that can change: a
   * client on a pipe outlives its run.
   */
  async answer(
    request: RpcRequest,
    send: Outlet,
    gone?: AbortSignal,
    admit?: () => Promise<McpCaller>,
  ): Promise<DoorAnswer | undefined> {
    if (this.#ended) return fail(-32_600, 'The session has ended');
    if (this.#underWay.has(request.id)) return fail(-32_600, 'A request with this id is under way');
    const abort = new AbortController();
    const onGone = () => abort.abort();
    gone?.addEventListener('abort', onGone, { once: true });
    this.#underWay.set(request.id, { abort, send });
    try {
      const channel: Channel = {
        over: { requestId: request.id, version: this.version, transport: this.#transport },
        signal: abort.signal,
        notify: (method, params) => void send({ jsonrpc: '2.0', method, params }),
        ask: (method, params, signal) => this.#ask(send, method, params, signal),
      };
      if (admit) this.#caller = await admit();
      const answer = await this.#dispatch(request, channel);
      return abort.signal.aborted ? undefined : answer;
    } catch (problem) {
      this.#door.onProblem(problem);
      return fail(-32_603, 'Internal error');
    } finally {
      this.#underWay.delete(request.id);
      gone?.removeEventListener('abort', onGone);
    }
  }

  /** Takes the way to the client for what belongs to no request. A later one replaces it: the client has come back. */
  listen(outlet: Outlet, gone: AbortSignal, close: () => void): void {
    this.#closeOutlet?.();
    this.#outlet = outlet;
    this.#closeOutlet = close;
    const leave = () => {
      if (this.#closeOutlet !== close) return;
      this.#outlet = () => false;
      this.#closeOutlet = undefined;
    };
    gone.addEventListener('abort', leave, { once: true });
    if (this.#ended) close();
  }

  takeNotification(method: string, params: JsonObject): void {
    if (method === 'notifications/cancelled') {
      const { requestId } = params;
      if (typeof requestId === 'string' || typeof requestId === 'number') this.#underWay.get(requestId)?.abort.abort();
    }
    if (method === 'notifications/roots/list_changed') {
      for (const upstream of this.#door.upstreams.values()) upstream.tellRootsChanged(this.#peer);
    }
  }

  takeResponse(response: RpcResponse): void {
    this.#questions.answer(response);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stopFollowing();
    for (const { abort } of this.#underWay.values()) abort.abort();
    for (const stop of this.#watched.values()) stop();
    this.#questions.end();
    this.#closeOutlet?.();
    for (const upstream of this.#door.upstreams.values()) upstream.release(this.#peer);
  }

  #client(): McpClient {
    const { caller } = this;
    return { caller, era: 'legacy', peer: this.#peer, capabilities: this.#capabilities, logLevel: this.#logLevel };
  }

  async #dispatch({ method, params = {} }: RpcRequest, channel: Channel): Promise<DoorAnswer> {
    if (method === 'initialize') return fail(-32_600, 'The session is initialized already');
    if (method === 'logging/setLevel') return this.#setLogLevel(params);
    if (method === 'resources/subscribe') return this.#subscribe(params);
    if (method === 'resources/unsubscribe') return this.#unsubscribe(params);
    return answerRequest(this.#door, this.#client(), { method, params }, channel);
  }

  async #setLogLevel({ level }: JsonObject): Promise<DoorAnswer> {
    if (typeof level !== 'string' || !LOG_LEVELS.includes(level)) return invalidParams('`level` is not a log level');
    this.#logLevel = level;
    const upstreams = [...this.#door.upstreams.values()];
    for (const outcome of await Promise.allSettled(
      upstreams.map((upstream) => upstream.setLogLevel(this.#peer, level)),
    )) {
      // The level is kept here as well, so a server that did not take it is filtered.
      if (outcome.status === 'rejected') this.#door.onProblem(outcome.reason);
    }
    return { ok: true, result: {} };
  }

  /** Only what a server lists can be watched: a made-up URI would carry its text to the server past every rule. */
  async #subscribe({ uri }: JsonObject): Promise<DoorAnswer> {
    if (typeof uri !== 'string') return invalidParams('`uri` is not a string');
    const { readers } = await viewOf(this.#door, this.caller);
    for (const server of readers.keys()) {
      const upstream = this.#door.upstreams.get(server);
      const reader = readers.get(server);
      if (!upstream || !reader || this.#watched.has(uri)) continue;
      if (!(await isListed(this.#door, new Map([[server, reader]]), uri))) continue;
      const stop = await upstream.watch(this.#peer, uri, () =>
        this.#notify('notifications/resources/updated', { uri }),
      );
      this.#watched.get(uri)?.();
      this.#watched.set(uri, stop);
    }
    return this.#watched.has(uri) ? { ok: true, result: {} } : fail(-32_002, 'Resource not found', { data: { uri } });
  }

  #unsubscribe({ uri }: JsonObject): DoorAnswer {
    if (typeof uri !== 'string') return invalidParams('`uri` is not a string');
    this.#watched.get(uri)?.();
    this.#watched.delete(uri);
    return { ok: true, result: {} };
  }

  /** Any way to the client: the stream for what belongs to no request, or else that of a request under way. */
  #reach(message: RpcMessage): boolean {
    return this.#outlet(message) || [...this.#underWay.values()].some(({ send }) => send(message));
  }

  #notify(method: string, params: JsonObject): void {
    this.#outlet({ jsonrpc: '2.0', method, params });
  }

  #ask(send: Outlet, method: string, params: JsonObject, signal: AbortSignal): ReturnType<Channel['ask']> {
    const withdraw = (requestId: RpcId) =>
      void send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } });
    return this.#questions.ask(method, params, signal, send, withdraw);
  }
}
