import { assert } from '../../../base/assert.ts';
import type { Clock } from '../../../base/clock.ts';
import type { ErrorCode } from '../../../base/errors.ts';
import { canonicalJson } from '../../../base/json.ts';
import type { NewEvent } from '../../../model/event.ts';
import type { SealingKey } from '../../../ports/event-seal.ts';
import type { Change, Store } from '../../../ports/store.ts';
import { isTooLarge, isTooLargeSealed, recordOf } from '../record.ts';
import { refusals, type StoreRefusal } from '../refusals.ts';

/** An event as flat fields. Its body is already canonical JSON: the digest is taken over exactly this text. */
export type WireEvent = readonly [
  id: string,
  kind: string,
  tenant: string,
  runId: string | null,
  callId: string | null,
  agent: string | null,
  tool: string | null,
  user: string | null,
  atMs: number,
  body: string,
];

/** Where the body is in a `WireEvent`. */
export const BODY = 9;

/** Any change but an event, which travels as `WireEvent`. */
export type OtherChange = Exclude<Change, { readonly kind: 'event.append' }>;

/** An event whose body is still to be sealed: what it tells stands in its place. */
export interface OpenEvent {
  readonly told: WireEvent;
  readonly key: SealingKey;
}

/** A commit as it is handed over: its events with their bodies as text. */
export type OpenCommit = readonly (WireEvent | OpenEvent | OtherChange)[];
/** A commit as it is written. */
export type FlatCommit = readonly (WireEvent | OtherChange)[];

/** An event that is still to be sealed, with the place of its key among those that are sent with it. */
export type WireOpenEvent = readonly [...WireEvent, key: number];

/** A change on its way to the worker: an event, or any other as text. Text crosses threads faster than objects. */
export type WireChange = WireEvent | WireOpenEvent | string;
export type WireCommit = readonly WireChange[];

/** What became of a commit: sequence numbers, the refusal, or the fault that kept it from being written. */
export type CommitAnswer = readonly number[] | Committed | StoreRefusal | WireFault;

/** A commit that took from meters. */
export interface Committed {
  readonly seqs: readonly number[];
  readonly taken: readonly number[];
}

/** A fault in the form in which it crosses threads. */
export interface WireFault {
  readonly fault: ErrorCode;
  readonly message: string;
}

/** The methods of a store that only read. */
export type ReadName = Exclude<keyof Store, 'commit' | 'close' | 'seals'>;
/** Those methods without the promise. */
export type Reader = { readonly [K in ReadName]: (...args: Parameters<Store[K]>) => Awaited<ReturnType<Store[K]>> };

export type ToWorker =
  /** `keys`: what they seal with. */
  | { readonly kind: 'commits'; readonly commits: readonly WireCommit[]; readonly keys: readonly Uint8Array[] }
  | { readonly kind: 'read'; readonly name: ReadName; readonly args: readonly unknown[] }
  | { readonly kind: 'close' };

/** Commits are answered in the order in which they were sent, and so are reads; hence no ids. */
export type FromWorker =
  /** `instance`: under which number this process has the file open. */
  | { readonly kind: 'opened'; readonly instance: number }
  | { readonly kind: 'commits'; readonly answers: readonly CommitAnswer[] }
  | { readonly kind: 'read'; readonly answer: unknown }
  | { readonly kind: 'unread'; readonly fault: WireFault }
  /** Nothing more will be answered. */
  | { readonly kind: 'failed'; readonly fault: WireFault }
  | { readonly kind: 'closed' };

export interface WorkerOptions {
  readonly path: string;
  readonly busyTimeoutMs: number;
  /** One counter, raised and notified after each message: what the worker sleeps on. */
  readonly signal: Int32Array<SharedArrayBuffer>;
}

/** Puts a commit into the form in which it is written. Throws a `Bug` if it carries what is not JSON. */
export function flatten(changes: readonly Change[]): OpenCommit | StoreRefusal {
  const commit: (WireEvent | OpenEvent | OtherChange)[] = [];
  for (const change of changes) {
    if (change.kind === 'event.append' && change.seal !== undefined) {
      const { told, key } = change.seal;
      if (isTooLargeSealed(told)) return refusals.recordTooLarge(change.kind);
      commit.push({ told: toWireEvent(change.event, told), key });
      continue;
    }
    const record = recordOf(change) ?? '';
    if (isTooLarge(record)) return refusals.recordTooLarge(change.kind);
    commit.push(change.kind === 'event.append' ? toWireEvent(change.event, record) : change);
  }
  return commit;
}

/** Whether one change of a commit is an event that is written as it is. */
export function isEvent(change: WireEvent | OpenEvent | OtherChange): change is WireEvent {
  return Array.isArray(change);
}

/** Puts a commit into the form in which it is written. */
export function sealCommit(commit: OpenCommit, clock: Clock): FlatCommit {
  return commit.map((change) => {
    return isEvent(change) || !('told' in change) ? change : sealEvent(change.told, change.key, clock);
  });
}

function sealEvent(told: WireEvent | WireOpenEvent, key: SealingKey, clock: Clock): WireEvent {
  const [id, kind, tenant, runId, callId, agent, tool, user, atMs, text] = told;
  return [id, kind, tenant, runId, callId, agent, tool, user, atMs, canonicalJson(key.seal(id, text, clock))];
}

/** Puts a commit into the form that crosses threads. The keys it needs are added to those that go with it. */
export function toWire(commit: OpenCommit, keys: Map<SealingKey, number>): WireCommit {
  return commit.map((change) => {
    if (isEvent(change)) return change;
    if ('told' in change) return [...change.told, placeOf(change.key, keys)] as const;
    return change.kind === 'budget.take' ? printTakes(change) : JSON.stringify(change);
  });
}

function placeOf(key: SealingKey, keys: Map<SealingKey, number>): number {
  const place = keys.get(key) ?? keys.size;
  keys.set(key, place);
  return place;
}

/** @param keys those that came with the commit, in their places */
export function fromWire(commit: WireCommit, keys: readonly SealingKey[], clock: Clock): FlatCommit {
  // what is text was written by `toWire` from a change of this type
  return commit.map((change) => {
    if (typeof change === 'string') {
      return change.startsWith('{') ? (JSON.parse(change) as OtherChange) : readTakes(change);
    }
    if (!isOpen(change)) return change;
    const key = keys[change[KEY]];
    assert(key !== undefined, 'a commit comes with its keys');
    return sealEvent(change, key, clock);
  });
}

const KEY = 10;

function isOpen(change: WireEvent | WireOpenEvent): change is WireOpenEvent {
  return change.length > KEY;
}

type Takes = Extract<OtherChange, { readonly kind: 'budget.take' }>;
const printed = new WeakMap<Takes['takes'], string>();
const read = new Map<string, Takes['takes']>();
const REMEMBERED = 1_000;

/** Every call of a run takes the same of the same tool: what is taken is printed once, and read once. */
function printTakes({ takes, nowMs }: Takes): string {
  let text = printed.get(takes);
  if (text === undefined) {
    text = JSON.stringify(takes);
    printed.set(takes, text);
  }
  return `${nowMs} ${text}`;
}

function readTakes(text: string): Takes {
  const at = text.indexOf(' ');
  const list = text.slice(at + 1);
  let takes = read.get(list);
  if (takes === undefined) {
    takes = JSON.parse(list) as Takes['takes'];
    if (read.size >= REMEMBERED) read.clear();
    read.set(list, takes);
  }
  return { kind: 'budget.take', takes, nowMs: Number(text.slice(0, at)) };
}

function toWireEvent(event: NewEvent, body: string): WireEvent {
  const { id, kind, tenant, runId, callId, agent, tool, user, atMs } = event;
  for (const text of [id, kind, tenant, runId ?? '', callId ?? '', agent ?? '', tool ?? '', user ?? '']) {
    assert(typeof text === 'string' && text.isWellFormed(), 'an event’s fields are well-formed strings');
  }
  assert(Number.isFinite(atMs), 'an event’s time is a finite number');
  return [id, kind, tenant, runId ?? null, callId ?? null, agent ?? null, tool ?? null, user ?? null, atMs, body];
}
