import type { ApiKey, Person, Session, SignInAttempts } from '../model/person.ts';

/** The changes of accounts, sessions and keys. Part of the store's `Change`. */
export type PeopleChange =
  /**
   * Makes an account, with revision 1, or replaces it with the next revision. [E_BUSY if it was changed meanwhile;
   * E_LAST_ADMIN if the tenant had an admin who is not disabled, and would have none]
   */
  | { readonly kind: 'person.put'; readonly person: Person }
  /** [E_STORE_CORRUPT if there is one with the same digest] */
  | { readonly kind: 'session.open'; readonly session: Session }
  /** Uses a session that lives. [E_SESSION_ENDED] */
  | {
      readonly kind: 'session.use';
      readonly hash: string;
      readonly nowMs: number;
      /** A passkey was touched just now. */
      readonly passkey?: true;
    }
  /** Ends one session of a person, or all of them. */
  | { readonly kind: 'session.end'; readonly tenant: string; readonly person: string; readonly id?: string }
  /** [E_STORE_CORRUPT if there is one with the same id or digest] */
  | { readonly kind: 'key.add'; readonly key: ApiKey }
  /** Revoking it again does nothing. [E_NOT_FOUND] */
  | { readonly kind: 'key.revoke'; readonly tenant: string; readonly id: string; readonly atMs: number }
  /** Counts an attempt to sign in before it is made, so that many at once are no way around. [E_SIGN_IN] */
  | { readonly kind: 'sign-in.attempt'; readonly tenant: string; readonly name: string; readonly nowMs: number }
  /** Forgets the attempts: one of them was right. */
  | { readonly kind: 'sign-in.clear'; readonly tenant: string; readonly name: string }
  /** Uses up what may be used once before it expires. [E_TICKET] */
  | { readonly kind: 'ticket.spend'; readonly id: string; readonly nowMs: number; readonly expiresAtMs: number };

/** What can be read of people. Secrets cannot: they are not there. */
export interface PeopleReads {
  readPerson(tenant: string, id: string): Promise<Person | undefined>;
  /** In the order of their names, after one of them. */
  listPeople(tenant: string, limit: number, after?: string): Promise<readonly Person[]>;
  readSession(hash: string): Promise<Session | undefined>;
  /** Those of a person that have not been ended, newest first. */
  listSessions(tenant: string, person: string, limit: number): Promise<readonly Session[]>;
  readKey(hash: string): Promise<ApiKey | undefined>;
  /** Newest first. */
  listKeys(tenant: string, limit: number): Promise<readonly ApiKey[]>;
  readSignIn(tenant: string, name: string): Promise<SignInAttempts | undefined>;
}
