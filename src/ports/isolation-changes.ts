import type { Isolation } from '../model/isolation.ts';

/** The changes of what is stopped, and of who has seen it. Part of the store's `Change`. */
export type IsolationChange =
  /** None of the scopes is isolated. Scopes are written as `printScope` writes them. [E_ISOLATED] */
  | { readonly kind: 'isolation.require'; readonly scopes: readonly string[] }
  /**
   * Isolates a scope. One that is isolated already keeps its reason and time, and has one person more who stopped it; an
   * incident stays one. With `ifAbsent` only where this adds something: of several gateways that see the same file, one
   * records it. [with `ifAbsent`: E_BUSY if `by` stops it already, as an incident where this is one]
   */
  | {
      readonly kind: 'isolation.set';
      readonly scope: string;
      readonly reason: string;
      readonly by: string;
      readonly incident: boolean;
      readonly atMs: number;
      readonly ifAbsent?: true;
    }
  /**
   * Lets a scope back. `seen`: the epoch of the isolation that whoever lets it back has looked at. `settled`: its cause and
   * what was changed are recorded with it. `names`: under which the same person is known besides. [E_NOT_ISOLATED;
   * E_SECOND_PERSON if `by` or one of `names` is among those who stopped it; E_INCIDENT_OPEN if it is an incident and not
   * settled; E_STOP_UNSEEN if it was stopped once more since]
   */
  | {
      readonly kind: 'isolation.lift';
      readonly scope: string;
      readonly by: string;
      readonly names?: readonly string[];
      readonly seen: number;
      readonly settled: boolean;
    }
  /**
   * Denies every pending or approved approval within an isolation scope in the name of `by`: what was asked before a stop
   * is asked again after it.
   */
  | { readonly kind: 'approval.cancel'; readonly scope: string; readonly by: string; readonly nowMs: number }
  /** A gateway, which is whoever has this store open, has seen everything up to this epoch, and acted on it. */
  | { readonly kind: 'isolation.seen'; readonly epoch: number; readonly atMs: number };

/** A gateway that lives, and up to which epoch it has seen what was stopped and let back. */
export interface SeenIsolations {
  readonly pid: number;
  readonly epoch: number;
  readonly atMs: number;
}

/** How often isolations were changed, and who has seen how much of it. */
export interface IsolationState {
  /** Rises with each `isolation.set` and `isolation.lift`; 0 at first. */
  readonly epoch: number;
  /** Only those that have the store open. */
  readonly seen: readonly SeenIsolations[];
}

/** An open intent, and which call it is of. */
export interface CallUnderWay {
  readonly callId: string;
  readonly tenant: string;
  readonly runId: string;
  readonly atMs: number;
  readonly agent: string;
  readonly tool: string;
}

/** What can be read of what is stopped, and of what a stop meets. */
export interface IsolationReads {
  /** In the order of their scopes. */
  listIsolations(): Promise<readonly Isolation[]>;
  readIsolationState(): Promise<IsolationState>;
  /** Intents of processes that have the store open, whose calls may be under way; the longest open first. */
  listOpenIntents(limit: number): Promise<readonly CallUnderWay[]>;
}
