import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { digestBytes } from '../../base/digest.ts';
import { canonicalJson, isJsonObject, type JsonObject } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';

/** What a state is bound to: the same caller asking for the same thing. */
export interface StateBinding {
  readonly caller: string;
  readonly server: string;
  readonly callable: string;
  readonly arguments: JsonObject;
}

const MAC_BYTES = 32;

/**
 * Seals the state a server hands to a client between two rounds of one request. What comes back was in the hands of
 * the client, so it is taken only from the same caller, for the same request, within ten minutes, once. The server
 * gets its own state back byte by byte.
 */
export class StateSeal {
  readonly #clock: Clock;
  readonly #key: Uint8Array;
  readonly #used = new Map<string, number>();

  /** @param key 32 bytes or more; replicas that answer the same clients share one. */
  constructor(clock: Clock, key: Uint8Array) {
    this.#clock = clock;
    this.#key = key;
  }

  seal(state: string, binding: StateBinding): string {
    const id = Buffer.from(this.#clock.randomBytes(16)).toString('base64url');
    const body = JSON.stringify({ id, until: this.#clock.nowMs() + limits.mcpStateMs, state });
    const mac = this.#sign(body, binding);
    return Buffer.concat([mac, Buffer.from(body)]).toString('base64url');
  }

  /** The server's own state, or `undefined`: forged, of someone or something else, too old, or used before. */
  open(sealed: string, binding: StateBinding): string | undefined {
    // A sloppy encoding of the same bytes is not the state that was handed out.
    const bytes = Buffer.from(sealed, 'base64url');
    if (bytes.length <= MAC_BYTES || bytes.toString('base64url') !== sealed) return undefined;
    const body = bytes.subarray(MAC_BYTES).toString('utf8');
    if (!timingSafeEqual(bytes.subarray(0, MAC_BYTES), this.#sign(body, binding))) return undefined;
    const content: unknown = JSON.parse(body);
    if (!isJsonObject(content)) return undefined;
    const { id, until, state } = content;
    if (typeof id !== 'string' || typeof until !== 'number' || typeof state !== 'string') return undefined;
    if (until < this.#clock.nowMs() || !this.#use(id, until)) return undefined;
    return state;
  }

  #sign(body: string, binding: StateBinding): Buffer {
    const { caller, server, callable } = binding;
    const about = canonicalJson([caller, server, callable, digestBytes(canonicalJson(binding.arguments))]);
    return createHmac('sha256', this.#key).update(`${about.length}:`).update(about).update(body).digest();
  }

  /** Spends an id. When too many are remembered, further ones are refused: forgetting one would let it be used again. */
  #use(id: string, until: number): boolean {
    if (this.#used.has(id)) return false;
    const nowMs = this.#clock.nowMs();
    for (const [old, oldUntil] of this.#used) {
      if (oldUntil >= nowMs) break;
      this.#used.delete(old);
    }
    if (this.#used.size >= limits.mcpStatesUsed) return false;
    this.#used.set(id, until);
    return true;
  }
}
