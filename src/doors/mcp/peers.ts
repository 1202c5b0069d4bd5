import type { Clock } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';
import type { McpPeer, McpUpstream } from '../../ports/mcp-upstream.ts';
import { fail } from './client.ts';
import { callerKey, type McpCaller } from './gate.ts';

interface Entry {
  readonly peer: McpPeer;
  usedAtMs: number;
  uses: number;
}

const SWEEP_MS = 60_000;

/** What modern clients are known as to servers: one peer for each principal, let go when it has not been used for long. */
export class Peers {
  readonly #clock: Clock;
  readonly #upstreams: ReadonlyMap<string, McpUpstream>;
  readonly #entries = new Map<string, Entry>();
  readonly #timer: NodeJS.Timeout;

  constructor(clock: Clock, upstreams: ReadonlyMap<string, McpUpstream>) {
    this.#clock = clock;
    this.#upstreams = upstreams;
    this.#timer = setInterval(() => this.#sweep(), SWEEP_MS).unref();
  }

  /** The caller's peer, held until `done` is called. */
  hold(caller: McpCaller): { readonly peer: McpPeer; readonly done: () => void } {
    const key = callerKey(caller);
    let entry = this.#entries.get(key);
    if (!entry) {
      entry = { peer: makePeer(key), usedAtMs: 0, uses: 0 };
      this.#entries.set(key, entry);
    }
    const held = entry;
    held.uses++;
    return {
      peer: held.peer,
      done: () => {
        held.uses--;
        held.usedAtMs = this.#clock.monotonicMs();
      },
    };
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #sweep(): void {
    const before = this.#clock.monotonicMs() - limits.mcpIdleMs;
    for (const [key, { peer, uses, usedAtMs }] of this.#entries) {
      if (uses > 0 || usedAtMs > before) continue;
      this.#entries.delete(key);
      for (const upstream of this.#upstreams.values()) upstream.release(peer);
    }
  }
}

/** Requests of one principal share the connection, so what a server sends outside of any of them is for none of them. */
function makePeer(name: string): McpPeer {
  return {
    name,
    principal: name,
    era: 'modern',
    capabilities: {},
    onNotification: () => {},
    onRequest: () => Promise.resolve(fail(-32_601, 'Method not found')),
  };
}
