import { digestJson, type KeyedDigest } from '../base/digest.ts';
import { Fault } from '../base/fault.ts';
import type { JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import type { StoredEvent } from '../model/event.ts';
import type { KeyDigest } from '../ports/record-keys.ts';
import type { Store } from '../ports/store.ts';

/** How a history differs from the one that was recorded, from the first message that does. */
export interface HistoryChange {
  /** Place of the first message that differs, from 0. */
  readonly message: number;
  /**
   * `altered`: it has other content. `dropped`: it is gone, and those after it have moved up. `inserted`: another one
   * stands before it. `reordered`: it stands elsewhere. `shortened`: the history ends before it.
   */
  readonly how: 'altered' | 'dropped' | 'inserted' | 'reordered' | 'shortened';
}

/** What of a history is new, and how the rest differs from what was recorded. */
export interface HistoryComparison {
  readonly change?: HistoryChange;
  /** The first message that was not recorded as it is. */
  readonly from: number;
  /** Digests of the messages from there on: what is to be recorded. */
  readonly digests: readonly KeyedDigest[];
  /** Of the whole chain as it will be: each link covers the one before it. */
  readonly head: KeyedDigest;
}

interface Chain {
  digests: KeyedDigest[];
  /** How far the run's record was read. */
  afterSeq: number;
}

const PAGE = 500;
const KINDS: ReadonlySet<string> = new Set(['history.recorded', 'history.altered']);
/** Digests of all chains together that are kept, about 100 bytes each. */
const REMEMBERED_DIGESTS = 500_000;

/**
 * The conversation histories of runs, as digests of their messages. The record is the truth: what any process recorded
 * is caught up with before a history is compared, and one that is forgotten here is read again.
 */
export class HistoryBook {
  readonly #store: Pick<Store, 'readEvents'>;
  readonly #keyDigest: KeyDigest;
  readonly #chains = new Map<string, Chain>();
  #kept = 0;
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(store: Pick<Store, 'readEvents'>, keyDigest: KeyDigest) {
    this.#store = store;
    this.#keyDigest = keyDigest;
  }

  /** One history of a run at a time: two at once would both be compared with what was there before. */
  inTurn<T>(runId: string, task: () => Promise<T>): Promise<T> {
    const done = (this.#turns.get(runId) ?? Promise.resolve()).catch(() => {}).then(task);
    this.#turns.set(runId, done);
    const clear = () => {
      if (this.#turns.get(runId) === done) this.#turns.delete(runId);
    };
    done.then(clear, clear);
    return done;
  }

  /** Compares a history with what was recorded of it. Rejects with the store's `Fault`. */
  async compare(tenant: string, runId: string, messages: readonly JsonObject[]): Promise<HistoryComparison> {
    const { digests: recorded } = await this.#catchUp(tenant, runId);
    const digests = messages.map((message) => this.#keyDigest(tenant, digestJson(message)));
    const from = firstDifference(recorded, digests);
    const head = digests.reduce(
      (before: KeyedDigest | null, digest) => this.#keyDigest(tenant, digestJson({ before, digest })),
      null,
    );
    return {
      ...(from < recorded.length ? { change: { message: from, how: nameChange(recorded, digests, from) } } : {}),
      from,
      digests: digests.slice(from),
      head: head ?? this.#keyDigest(tenant, digestJson([])),
    };
  }

  async #catchUp(tenant: string, runId: string): Promise<Chain> {
    const known = this.#chains.get(runId);
    const chain = known ?? { digests: [], afterSeq: 0 };
    if (known !== undefined) this.#kept -= known.digests.length + 1;
    this.#chains.delete(runId);
    for (;;) {
      const events = await this.#store.readEvents({ tenant, runId, afterSeq: chain.afterSeq, limit: PAGE });
      if (events.length === 0) break;
      for (const event of events) {
        if (KINDS.has(event.kind)) chain.digests = [...chain.digests.slice(0, readFrom(event)), ...readDigests(event)];
        chain.afterSeq = event.seq;
      }
    }
    this.#keep(runId, chain);
    return chain;
  }

  #keep(runId: string, chain: Chain): void {
    this.#chains.set(runId, chain);
    this.#kept += chain.digests.length + 1;
    for (const [oldest, { digests }] of this.#chains) {
      if (this.#kept <= REMEMBERED_DIGESTS || oldest === runId) return;
      this.#kept -= digests.length + 1;
      this.#chains.delete(oldest);
    }
  }
}

function readFrom({ body }: StoredEvent): number {
  const from = body['from'];
  if (typeof from === 'number') return from;
  throw new Fault('E_STORE_CORRUPT', 'a recorded history cannot be read');
}

function readDigests({ body }: StoredEvent): readonly KeyedDigest[] {
  const { digests } = body;
  if (
    Array.isArray(digests) &&
    digests.length <= limits.historyMessages &&
    digests.every((one) => typeof one === 'string')
  )
    return digests as readonly KeyedDigest[]; // written from digests, in a record that nothing changes
  throw new Fault('E_STORE_CORRUPT', 'a recorded history cannot be read');
}

function firstDifference(recorded: readonly KeyedDigest[], now: readonly KeyedDigest[]): number {
  let at = 0;
  while (at < recorded.length && at < now.length && recorded[at] === now[at]) at++;
  return at;
}

function nameChange(recorded: readonly KeyedDigest[], now: readonly KeyedDigest[], from: number): HistoryChange['how'] {
  const instead = now[from];
  if (instead === undefined) return 'shortened';
  const later = recorded.indexOf(instead, from + 1);
  if (later < 0) return now.includes(recorded[from] ?? instead, from + 1) ? 'inserted' : 'altered';
  const missing = recorded.slice(from, later);
  return missing.some((digest) => now.includes(digest, from)) ? 'reordered' : 'dropped';
}
