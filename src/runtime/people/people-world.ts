import type { Clock } from '../../base/clock.ts';
import { newId } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import type { Presence } from '../../model/approval.ts';
import type { NewEvent } from '../../model/event.ts';
import type { Role } from '../../model/person.ts';
import type { Change, Store } from '../../ports/store.ts';

/** How long people stay signed in, and what a token of theirs is worth without an account. */
export interface PeopleSettings {
  readonly sessionIdleMs: number;
  readonly sessionLifeMs: number;
  /** How long after a sign-in, or a touch of a passkey, somebody counts as just there. */
  readonly freshMs: number;
  /** How long whoever handles what lets somebody in counts as the same person. */
  readonly settlingMs: number;
  /** What scrypt costs for each password, a power of two. */
  readonly passwordCost: number;
  /** What a signed person token may do whose name has no account. */
  readonly tokenRoles: readonly Role[];
}

/** What people's accounts stand on. */
export interface PeopleWorld {
  readonly store: Store;
  readonly clock: Clock;
  /** Under the configuration in force. */
  settings(): PeopleSettings;
}

/** A person who acts, as their credentials say. */
export interface PersonCaller {
  readonly tenant: string;
  readonly person: string;
  readonly roles: readonly Role[];
  readonly groups: readonly string[];
  readonly presence: Presence;
  /** Of a session. */
  readonly sessionId?: string;
  /** When they last showed that they are there: signed in, or touched a passkey. Absent: nobody did. */
  readonly thereAtMs?: number;
}

/** Commits, or throws the `Fault` of the condition that does not hold. */
export async function commitPeople({ store }: Pick<PeopleWorld, 'store'>, changes: readonly Change[]): Promise<void> {
  const result = await store.commit(changes);
  if (!result.ok) throw new Fault(result.code, result.message);
}

/** The change that records an act. */
export function recordAct(
  { clock }: Pick<PeopleWorld, 'clock'>,
  kind: NewEvent['kind'],
  tenant: string,
  body: NewEvent['body'],
): Change {
  return { kind: 'event.append', event: { id: newId(clock, 'evt'), kind, tenant, atMs: clock.nowMs(), body } };
}
