import { newId } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import { isLive, type Person, type Session, type SignInMethod } from '../../model/person.ts';
import { commitPeople, type PeopleWorld, type PersonCaller, recordAct } from './people-world.ts';
import { csrfOf, digestToken, newToken, SESSION_PREFIX } from './secret-token.ts';

/** A new session and its token, which is shown once. */
export interface OpenedSession {
  readonly session: Session;
  readonly token: string;
  /** What a page sends beside the cookie. */
  readonly csrf: string;
  readonly person: Person;
}

/**
 * Opens a session for a person who has just shown who they are. Always a new one: a token that was known before the
 * sign-in is worth nothing after it. `replaces`: the token that came with the request, whose session ends.
 */
export async function openSession(
  world: PeopleWorld,
  person: Person,
  method: SignInMethod,
  replaces?: string,
): Promise<OpenedSession> {
  const { clock } = world;
  const { sessionIdleMs, sessionLifeMs } = world.settings();
  const nowMs = clock.nowMs();
  const token = newToken(clock, SESSION_PREFIX);
  const session: Session = {
    id: newId(clock, 'ses'),
    hash: digestToken(token),
    tenant: person.tenant,
    person: person.id,
    method,
    openedAtMs: nowMs,
    usedAtMs: nowMs,
    ...(method === 'passkey' ? { passkeyAtMs: nowMs } : {}),
    idleMs: method === 'enrolment' ? limits.enrolmentMs : sessionIdleMs,
    expiresAtMs: nowMs + (method === 'enrolment' ? limits.enrolmentMs : sessionLifeMs),
  };
  const old = replaces === undefined ? undefined : await world.store.readSession(digestToken(replaces));
  await commitPeople(world, [
    ...(old === undefined
      ? []
      : [{ kind: 'session.end' as const, tenant: old.tenant, person: old.person, id: old.id }]),
    { kind: 'session.open', session },
    recordAct(world, 'person.signed-in', person.tenant, { person: person.id, method, session: session.id }),
  ]);
  return { session, token, csrf: csrfOf(token), person };
}

/** Who is signed in with a token. Throws a `Fault` E_SESSION_ENDED. */
export async function callerOfSession(world: PeopleWorld, token: string): Promise<PersonCaller> {
  const { store, clock } = world;
  const nowMs = clock.nowMs();
  const session = await store.readSession(digestToken(token));
  if (session === undefined || !isLive(session, nowMs)) throw new Fault('E_SESSION_ENDED', 'no session of that token');
  const person = await store.readPerson(session.tenant, session.person);
  if (person === undefined || person.disabled) throw new Fault('E_SESSION_ENDED', 'the account is disabled');
  // Not with every request: a session that is looked at all the time would be written all the time.
  if (nowMs - session.usedAtMs >= Math.min(limits.sessionTouchMs, session.idleMs / 2))
    await commitPeople(world, [{ kind: 'session.use', hash: session.hash, nowMs }]);
  const thereAtMs = Math.max(session.openedAtMs, session.passkeyAtMs ?? 0);
  const isTouched = session.passkeyAtMs !== undefined && nowMs - session.passkeyAtMs < world.settings().freshMs;
  return {
    tenant: person.tenant,
    person: person.id,
    roles: person.roles,
    groups: person.groups,
    presence: isTouched ? 'passkey' : 'session',
    sessionId: session.id,
    thereAtMs,
  };
}

/**
 * Ends a session of one's own, or, for an admin, of somebody; without `id` all of them, and codes that
 * were issued before are void. Throws a `Fault` E_NOT_FOUND, E_BUSY.
 */
export async function endSessions(
  world: PeopleWorld,
  by: PersonCaller,
  whose: { readonly person: string; readonly id?: string },
): Promise<void> {
  const { tenant } = by;
  const person = await world.store.readPerson(tenant, whose.person);
  if (person === undefined) throw new Fault('E_NOT_FOUND', `there is no account \`${whose.person}\``);
  const { codesFrom = 0, revision } = person;
  const all = { ...person, codesFrom: codesFrom + 1, revision: revision + 1 };
  await commitPeople(world, [
    { kind: 'session.end', tenant, ...whose },
    ...(whose.id === undefined ? [{ kind: 'person.put' as const, person: all }] : []),
    recordAct(world, 'session.ended', tenant, { ...whose, by: by.person, presence: by.presence }),
  ]);
}

/** Throws a `Fault` E_FRESH_SIGN_IN unless a person has just shown that they are there. */
export function requireFresh(world: PeopleWorld, caller: PersonCaller): void {
  const { thereAtMs, presence } = caller;
  if (presence === 'terminal') return;
  if (thereAtMs === undefined || world.clock.nowMs() - thereAtMs >= world.settings().freshMs)
    throw new Fault('E_FRESH_SIGN_IN', 'nobody has just signed in');
}
