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

/** A state that was opened, and is spent by that. */
export interface OpenedState {
  /** The server's own, byte by byte. */
  readonly state: string;
  /** The call it was brought for did not run, and waits for a person: it can be opened again, for longer than before. */
  giveBack(): void;
}

const MAC_BYTES = 32;

/**
 * Seals the state a server hands to a client between two rounds of one request. What comes back was in the hands of
 * the client, so it is taken only from the same caller, for the same request, within ten minutes, once. Only a call
 * that did not run gives it back.
 */
export class StateSeal {
  readonly #clock: Clock;
  readonly #key: Uint8Array;
  /** When each state that cannot be opened any more would have been too old anyway. */
  readonly #spent = new Map<string, number>();
  /** Until when each state that was given back can be opened. */
  readonly #givenBack = new Map<string, number>();

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
  open(sealed: string, binding: StateBinding): OpenedState | undefined {
    // A sloppy encoding of the same bytes is not the state that was handed out.
    const bytes = Buffer.from(sealed, 'base64url');
    if (bytes.length <= MAC_BYTES || bytes.toString('base64url') !== sealed) return undefined;
    const body = bytes.subarray(MAC_BYTES).toString('utf8');
    if (!timingSafeEqual(bytes.subarray(0, MAC_BYTES), this.#sign(body, binding))) return undefined;
    const content: unknown = JSON.parse(body);
    if (!isJsonObject(content)) return undefined;
    const { id, until, state } = content;
    if (typeof id !== 'string' || typeof until !== 'number' || typeof state !== 'string') return undefined;
    const untilMs = this.#givenBack.get(id) ?? until;
    if (untilMs < this.#clock.nowMs() || !this.#spend(id, untilMs)) return undefined;
    return { state, giveBack: () => this.#giveBack(id) };
  }

  #sign(body: string, binding: StateBinding): Buffer {
    const { caller, server, callable } = binding;
    const about = canonicalJson([caller, server, callable, digestBytes(canonicalJson(binding.arguments))]);
    return createHmac('sha256', this.#key).update(`${about.length}:`).update(about).update(body).digest();
  }

  /** Spends an id. When too many are remembered, further ones are refused: forgetting one would let it be used again. */
  #spend(id: string, untilMs: number): boolean {
    if (this.#spent.has(id) || !makeRoom(this.#spent, this.#clock.nowMs())) return false;
    this.#spent.set(id, untilMs);
    return true;
  }

  #giveBack(id: string): void {
    const nowMs = this.#clock.nowMs();
    // Without room for it, it stays spent: the client begins again.
    if (!this.#givenBack.has(id) && !makeRoom(this.#givenBack, nowMs)) return;
    this.#givenBack.set(id, nowMs + limits.mcpStateWaitMs);
    this.#spent.delete(id);
  }
}

/** Whether there is room for one more. What is too old is forgotten: the oldest as they come, all where it is full. */
function makeRoom(remembered: Map<string, number>, nowMs: number): boolean {
  const full = remembered.size >= limits.mcpStatesUsed;
  for (const [id, untilMs] of remembered) {
    if (untilMs < nowMs) remembered.delete(id);
    else if (!full) break;
  }
  return remembered.size < limits.mcpStatesUsed;
}
