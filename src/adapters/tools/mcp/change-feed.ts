import { Fault } from '../../../base/fault.ts';
import { isJsonObject, type JsonObject } from '../../../base/json.ts';
import type { McpAnswer, McpListKind, McpPeer } from '../../../ports/mcp-upstream.ts';
import type { Connection, Listener } from './connection.ts';

const CHANGES: Readonly<Record<string, readonly McpListKind[]>> = {
  'notifications/tools/list_changed': ['tools'],
  'notifications/resources/list_changed': ['resources', 'templates'],
  'notifications/prompts/list_changed': ['prompts'],
};
const UPDATED = 'notifications/resources/updated';
const RELISTEN_MS = 1_000;
const LAST_RELISTEN_MS = 60_000;
const NOT_OFFERED: McpAnswer = { ok: false, error: { code: -32_601, message: 'Method not found' } };

/**
 * What a server sends outside of requests, brought to whoever follows it: changed lists to the catalog, updated
 * resources to those who watch them, the rest to the peer whose connection it came on.
 */
export class ChangeFeed {
  readonly #server: string;
  readonly #peers = new Map<string, McpPeer>();
  readonly #lists = new Map<McpListKind, Set<() => void>>();
  readonly #watches = new Map<string, Set<() => void>>();
  readonly #closing = new AbortController();

  constructor(server: string) {
    this.#server = server;
  }

  onListChanged(kind: McpListKind, listener: () => void): () => void {
    return addTo(this.#lists, kind, listener);
  }

  /** Makes a peer known, so that what comes on its connection reaches it. */
  introduce(peer: McpPeer): void {
    if (!this.#peers.has(peer.name)) this.#peers.set(peer.name, peer);
  }

  dismiss(peer: McpPeer): void {
    this.#peers.delete(peer.name);
  }

  /** Takes what comes on a connection; `name` says which peer holds it at that moment. */
  listener(name: () => string): Listener {
    return {
      onNotification: (method, params) => {
        const kinds = Object.hasOwn(CHANGES, method) ? CHANGES[method] : undefined;
        if (kinds) return this.#changed(kinds);
        if (method === UPDATED) return this.#updated(name(), params);
        this.#peers.get(name())?.onNotification(this.#server, method, params);
      },
      onRequest: (method, params, signal) =>
        this.#peers.get(name())?.onRequest(this.#server, method, params, signal) ?? Promise.resolve(NOT_OFFERED),
    };
  }

  /** Follows the lists of a modern server. A legacy server says by itself when they change. */
  attach(connection: Connection): void {
    if (connection.negotiated.era === 'modern') void this.#follow(connection);
  }

  /** Everything that is listed may have changed. */
  changeAll(): void {
    if (!this.#closing.signal.aborted) this.#changed(['tools', 'resources', 'templates', 'prompts']);
  }

  /** Rejects with a `Fault` if the server does not take the subscription. */
  async watch(
    peer: McpPeer,
    connection: Connection,
    uri: string,
    onUpdated: () => void,
    timeoutMs: number,
  ): Promise<() => void> {
    const key = watchKey(peer.name, uri);
    const first = !this.#watches.has(key);
    const stop = addTo(this.#watches, key, onUpdated);
    const modern = connection.negotiated.era === 'modern';
    const ended = new AbortController();
    if (modern) {
      void this.#subscribe(connection, { resourceSubscriptions: [uri] }, ended.signal, peer.name);
    } else if (first) {
      const reply = await connection.ask({
        method: 'resources/subscribe',
        params: { uri },
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (reply.kind !== 'result') {
        stop();
        throw new Fault('E_UPSTREAM_FAILED', 'the server did not take the subscription');
      }
    }
    return () => {
      stop();
      ended.abort();
      if (modern || this.#watches.has(key)) return;
      // Nobody waits for the answer: what still arrives is for nobody and goes nowhere.
      void connection.ask({ method: 'resources/unsubscribe', params: { uri }, signal: AbortSignal.timeout(timeoutMs) });
    };
  }

  close(): void {
    this.#closing.abort();
  }

  async #follow(connection: Connection): Promise<void> {
    const { capabilities } = connection.negotiated;
    const follows = (name: string) => {
      const capability = capabilities[name];
      return isJsonObject(capability) && capability['listChanged'] === true;
    };
    const filter = {
      ...(follows('tools') ? { toolsListChanged: true } : {}),
      ...(follows('resources') ? { resourcesListChanged: true } : {}),
      ...(follows('prompts') ? { promptsListChanged: true } : {}),
    };
    if (Object.keys(filter).length === 0) return;
    for (let delayMs = RELISTEN_MS; ; delayMs = Math.min(delayMs * 2, LAST_RELISTEN_MS)) {
      const heard = await this.#subscribe(connection, filter, this.#closing.signal, '');
      if (!connection.open || this.#closing.signal.aborted || heard === 'refused') return;
      await sleep(delayMs, this.#closing.signal);
      // Something may have changed while nobody listened.
      this.changeAll();
    }
  }

  /** Holds one subscription open until it ends. */
  async #subscribe(
    connection: Connection,
    notifications: JsonObject,
    signal: AbortSignal,
    name: string,
  ): Promise<'ended' | 'refused'> {
    const listener = this.listener(() => name);
    const reply = await connection.ask({ method: 'subscriptions/listen', params: { notifications }, signal, listener });
    return reply.kind === 'error' ? 'refused' : 'ended';
  }

  #changed(kinds: readonly McpListKind[]): void {
    for (const kind of kinds) for (const listener of this.#lists.get(kind) ?? []) listener();
  }

  #updated(name: string, params: JsonObject): void {
    const { uri } = params;
    if (typeof uri !== 'string') return;
    for (const listener of this.#watches.get(watchKey(name, uri)) ?? []) listener();
  }
}

function watchKey(name: string, uri: string): string {
  return `${name}\n${uri}`;
}

function addTo<K>(listeners: Map<K, Set<() => void>>, key: K, listener: () => void): () => void {
  const set = listeners.get(key) ?? new Set();
  listeners.set(key, set);
  // Wrapped, so that one function added twice is two followers.
  const entry = () => listener();
  set.add(entry);
  return () => {
    set.delete(entry);
    if (set.size === 0 && listeners.get(key) === set) listeners.delete(key);
  };
}

function sleep(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, delayMs).unref();
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}
