import { countAttempt, isLive, type Person } from '../../../model/person.ts';
import type { PeopleChange } from '../../../ports/people-changes.ts';
import { refusals, type StoreRefusal } from '../refusals.ts';
import type { MemoryState } from './memory-state.ts';
import { put, type Undo } from './put.ts';

/** Accounts, sessions, keys and attempts to sign in. */
export function changePeople(state: MemoryState, change: PeopleChange, undo: Undo): undefined | StoreRefusal {
  switch (change.kind) {
    case 'person.put': {
      const person = structuredClone(change.person);
      const key = keyOf(person.tenant, person.id);
      if (person.revision !== (state.people.get(key)?.revision ?? 0) + 1) return refusals.personChanged(person.id);
      const isAdmin = (one: Person) => one.tenant === person.tenant && !one.disabled && one.roles.includes('admin');
      const others = [...state.people].some(([other, one]) => other !== key && isAdmin(one));
      const before = state.people.get(key);
      if (!others && !isAdmin(person) && before !== undefined && isAdmin(before)) return refusals.lastAdmin(person.id);
      return put(state.people, key, person, undo);
    }
    case 'session.open': {
      const { session } = change;
      if (state.sessions.has(session.hash)) return refusals.sessionExists(session.id);
      return put(state.sessions, session.hash, { ...session }, undo);
    }
    case 'session.use': {
      const { hash, nowMs, passkey } = change;
      const session = state.sessions.get(hash);
      if (session === undefined || !isLive(session, nowMs)) return refusals.sessionEnded();
      const used = { ...session, usedAtMs: nowMs, ...(passkey && { passkeyAtMs: nowMs }) };
      return put(state.sessions, hash, used, undo);
    }
    case 'session.end':
      for (const session of [...state.sessions.values()]) {
        const isMeant = session.tenant === change.tenant && session.person === change.person;
        if (isMeant && (change.id ?? session.id) === session.id) put(state.sessions, session.hash, undefined, undo);
      }
      return undefined;
    case 'key.add': {
      const { key } = change;
      const isKnown = [...state.keys.values()].some(({ id, hash }) => id === key.id || hash === key.hash);
      return isKnown ? refusals.keyExists(key.id) : put(state.keys, key.hash, structuredClone(key), undo);
    }
    case 'key.revoke': {
      const key = [...state.keys.values()].find(({ tenant, id }) => tenant === change.tenant && id === change.id);
      if (key === undefined) return refusals.keyUnknown(change.id);
      return put(state.keys, key.hash, { ...key, revokedAtMs: key.revokedAtMs ?? change.atMs }, undo);
    }
    case 'sign-in.attempt': {
      const key = keyOf(change.tenant, change.name);
      const counted = countAttempt(state.signIns.get(key), change.nowMs);
      return counted === undefined ? refusals.signInLocked(change.name) : put(state.signIns, key, counted, undo);
    }
    case 'sign-in.clear':
      return put(state.signIns, keyOf(change.tenant, change.name), undefined, undo);
    case 'ticket.spend': {
      const { id, nowMs, expiresAtMs } = change;
      if (nowMs >= expiresAtMs || state.tickets.has(id)) return refusals.ticketSpent();
      for (const [other, expires] of [...state.tickets])
        if (nowMs >= expires) put(state.tickets, other, undefined, undo);
      return put(state.tickets, id, expiresAtMs, undo);
    }
  }
}

export function keyOf(tenant: string, id: string): string {
  return JSON.stringify([tenant, id]);
}
