import type { Digest } from '../../../base/digest.ts';
import type { JsonObject } from '../../../base/json.ts';
import type { Approval } from '../../../model/approval.ts';
import type { Delegation, TierReview } from '../../../model/duty.ts';
import type { StoredEvent } from '../../../model/event.ts';
import type { Isolation } from '../../../model/isolation.ts';
import type { MeterSlots } from '../../../model/meter.ts';
import type { WaitingNotice } from '../../../model/notice.ts';
import type { ApiKey, Person, Session, SignInAttempts } from '../../../model/person.ts';
import type { Run } from '../../../model/run.ts';
import type { PutAside, SinkCursor } from '../../../model/sink.ts';
import type { StoredBreaker } from '../../../ports/breaker-changes.ts';
import type { ActiveBundle, NewRunKey, OpenIntent, Ran, StoredPin, WrittenObject } from '../../../ports/store.ts';

/** Stands for one open store. The intents it opened are abandoned once it is closed. */
export type Instance = symbol;

/** Everything a memory store knows, by id. Values are replaced, never changed in place, so that undoing is putting back. */
export interface MemoryState {
  readonly events: StoredEvent[];
  readonly runs: Map<string, Run & { readonly endedAtMs?: number; readonly pausedFor?: string }>;
  readonly runKeys: Map<string, Partial<NewRunKey> & { readonly erasedAtMs?: number }>;
  readonly intents: Map<string, OpenIntent & { readonly openedBy: Instance; readonly ran?: Ran }>;
  readonly approvals: Map<string, Approval>;
  readonly isolations: Map<string, Isolation>;
  /** By scope. */
  readonly breakers: Map<string, StoredBreaker>;
  /** How often they were changed. */
  isolationEpoch: number;
  /** By tenant and id, as JSON. */
  readonly people: Map<string, Person>;
  /** By the digest of their token. */
  readonly sessions: Map<string, Session>;
  /** By the digest of the key. */
  readonly keys: Map<string, ApiKey>;
  /** By tenant and name, as JSON. */
  readonly signIns: Map<string, SignInAttempts>;
  /** When each that was spent expires. */
  readonly tickets: Map<string, number>;
  /** Who has seen how many of the changes. */
  readonly isolationsSeen: Map<Instance, { readonly epoch: number; readonly atMs: number }>;
  readonly pins: Map<string, StoredPin>;
  /** By tenant, who delegates and the deputy, as JSON. */
  readonly delegations: Map<string, Delegation>;
  /** By tenant. */
  readonly tierReviews: Map<string, TierReview>;
  /** By tenant and id, as JSON. */
  readonly notices: Map<string, WaitingNotice>;
  /** By tenant and object, as JSON. */
  readonly written: Map<string, WrittenObject & { readonly tenant: string; readonly runId: string }>;
  /** The number of the last of them. */
  writtenSeq: number;
  readonly meters: Map<string, MeterSlots>;
  readonly bundles: Map<Digest, JsonObject>;
  /** By tenant and sink, as JSON. */
  readonly sinks: Map<string, Omit<SinkCursor, 'putAside'>>;
  /** By tenant, sink and event, as JSON. */
  readonly putAside: Map<string, PutAside>;
  readonly contents: Map<Digest, JsonObject>;
  /** The stores that have this state open. */
  readonly live: Set<Instance>;
  activeBundle: (Omit<ActiveBundle, 'activator'> & { readonly by: Instance }) | undefined;
}

export function newMemoryState(): MemoryState {
  return {
    events: [],
    runs: new Map(),
    runKeys: new Map(),
    intents: new Map(),
    approvals: new Map(),
    isolations: new Map(),
    breakers: new Map(),
    isolationEpoch: 0,
    isolationsSeen: new Map(),
    people: new Map(),
    sessions: new Map(),
    keys: new Map(),
    signIns: new Map(),
    tickets: new Map(),
    pins: new Map(),
    delegations: new Map(),
    tierReviews: new Map(),
    notices: new Map(),
    written: new Map(),
    writtenSeq: 0,
    meters: new Map(),
    bundles: new Map(),
    sinks: new Map(),
    putAside: new Map(),
    contents: new Map(),
    live: new Set(),
    activeBundle: undefined,
  };
}
