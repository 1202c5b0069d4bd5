import { assert } from '../../../base/assert.ts';
import type { ErrorCode } from '../../../base/errors.ts';
import type { NewEvent } from '../../../model/event.ts';
import type { Change, Store } from '../../../ports/store.ts';
import { isTooLarge, recordOf } from '../record.ts';
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

/** A commit as it is written: its events with their bodies as text. */
export type FlatCommit = readonly (WireEvent | OtherChange)[];

/** A change on its way to the worker: an event, or any other as text. Text crosses threads faster than objects. */
export type WireChange = WireEvent | string;
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
export type ReadName = Exclude<keyof Store, 'commit' | 'close'>;
/** Those methods without the promise. */
export type Reader = { readonly [K in ReadName]: (...args: Parameters<Store[K]>) => Awaited<ReturnType<Store[K]>> };

export type ToWorker =
  | { readonly kind: 'commits'; readonly commits: readonly WireCommit[] }
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
export function flatten(changes: readonly Change[]): FlatCommit | StoreRefusal {
  const commit: (WireEvent | OtherChange)[] = [];
  for (const change of changes) {
    const record = recordOf(change) ?? '';
    if (isTooLarge(record)) return refusals.recordTooLarge(change.kind);
    commit.push(change.kind === 'event.append' ? toWireEvent(change.event, record) : change);
  }
  return commit;
}

/** Whether one change of a commit is an event. */
export function isEvent(change: WireEvent | OtherChange): change is WireEvent {
  return Array.isArray(change);
}

/** Puts a commit into the form that crosses threads. */
export function toWire(commit: FlatCommit): WireCommit {
  return commit.map((change) => {
    if (isEvent(change)) return change;
    return change.kind === 'budget.take' ? printTakes(change) : JSON.stringify(change);
  });
}

export function fromWire(commit: WireCommit): FlatCommit {
  // what is text was written by `toWire` from a change of this type
  return commit.map((change) => {
    if (typeof change !== 'string') return change;
    return change.startsWith('{') ? (JSON.parse(change) as OtherChange) : readTakes(change);
  });
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
