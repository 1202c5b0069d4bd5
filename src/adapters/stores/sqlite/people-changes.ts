import type { DatabaseSync } from 'node:sqlite';
import { countAttempt, isLive, type Session, type SignInAttempts } from '../../../model/person.ts';
import type { PeopleChange } from '../../../ports/people-changes.ts';
import { refusals, type StoreRefusal } from '../refusals.ts';

/** Accounts, sessions, keys and attempts to sign in, inside a transaction that the caller begins and ends. */
export function createPeopleChanges(db: DatabaseSync): (change: PeopleChange) => StoreRefusal | undefined {
  const selectPerson = db.prepare('SELECT revision, is_admin FROM people WHERE tenant = ? AND id = ?');
  const countOtherAdmins = db.prepare(
    'SELECT count(*) AS others FROM people WHERE tenant = ? AND is_admin = 1 AND id <> ?',
  );
  const putPerson = db.prepare(
    'INSERT OR REPLACE INTO people (tenant, id, revision, is_admin, local_user, record) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const insertSession = db.prepare(
    'INSERT INTO sessions (hash, id, tenant, person, opened_at_ms, record) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const selectSession = db.prepare('SELECT record FROM sessions WHERE hash = ?');
  const updateSession = db.prepare('UPDATE sessions SET record = ? WHERE hash = ?');
  const endSession = db.prepare('DELETE FROM sessions WHERE tenant = ? AND person = ? AND id = ?');
  const endSessions = db.prepare('DELETE FROM sessions WHERE tenant = ? AND person = ?');
  const insertKey = db.prepare(
    'INSERT INTO api_keys (id, hash, tenant, created_at_ms, revoked_at_ms, record) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const revokeKey = db.prepare(
    'UPDATE api_keys SET revoked_at_ms = coalesce(revoked_at_ms, ?) WHERE tenant = ? AND id = ?',
  );
  const selectAttempts = db.prepare('SELECT record FROM sign_ins WHERE tenant = ? AND name = ?');
  const putAttempts = db.prepare('INSERT OR REPLACE INTO sign_ins (tenant, name, record) VALUES (?, ?, ?)');
  const clearAttempts = db.prepare('DELETE FROM sign_ins WHERE tenant = ? AND name = ?');
  const forgetTickets = db.prepare('DELETE FROM tickets WHERE expires_at_ms <= ?');
  const insertTicket = db.prepare('INSERT INTO tickets (id, expires_at_ms) VALUES (?, ?) ON CONFLICT DO NOTHING');

  return (change) => {
    switch (change.kind) {
      case 'person.put': {
        const { person } = change;
        const { tenant, id, revision } = person;
        const before = selectPerson.get(tenant, id);
        if (revision !== Number(before?.['revision'] ?? 0) + 1) return refusals.personChanged(id);
        const isAdmin = !person.disabled && person.roles.includes('admin');
        const losesOne = before?.['is_admin'] === 1 && !isAdmin;
        if (losesOne && Number(countOtherAdmins.get(tenant, id)?.['others']) === 0) return refusals.lastAdmin(id);
        putPerson.run(tenant, id, revision, isAdmin ? 1 : 0, person.localUser ?? null, JSON.stringify(person));
        return undefined;
      }
      case 'session.open': {
        const { session } = change;
        const { hash, id, tenant, person, openedAtMs } = session;
        const { changes } = insertSession.run(hash, id, tenant, person, openedAtMs, JSON.stringify(session));
        return changes === 1 ? undefined : refusals.sessionExists(id);
      }
      case 'session.use': {
        const { hash, nowMs, passkey } = change;
        const row = selectSession.get(hash);
        const session = row && (JSON.parse(String(row['record'])) as Session); // written above
        if (session === undefined || !isLive(session, nowMs)) return refusals.sessionEnded();
        updateSession.run(
          JSON.stringify({ ...session, usedAtMs: nowMs, ...(passkey && { passkeyAtMs: nowMs }) }),
          hash,
        );
        return undefined;
      }
      case 'session.end':
        if (change.id === undefined) endSessions.run(change.tenant, change.person);
        else endSession.run(change.tenant, change.person, change.id);
        return undefined;
      case 'key.add': {
        const { key } = change;
        const { id, hash, tenant, createdAtMs, revokedAtMs } = key;
        const { changes } = insertKey.run(id, hash, tenant, createdAtMs, revokedAtMs ?? null, JSON.stringify(key));
        return changes === 1 ? undefined : refusals.keyExists(id);
      }
      case 'key.revoke':
        return revokeKey.run(change.atMs, change.tenant, change.id).changes === 1
          ? undefined
          : refusals.keyUnknown(change.id);
      case 'sign-in.attempt': {
        const { tenant, name, nowMs } = change;
        const row = selectAttempts.get(tenant, name);
        const before = row && (JSON.parse(String(row['record'])) as SignInAttempts); // written below
        const counted = countAttempt(before, nowMs);
        if (counted === undefined) return refusals.signInLocked(name);
        putAttempts.run(tenant, name, JSON.stringify(counted));
        return undefined;
      }
      case 'sign-in.clear':
        clearAttempts.run(change.tenant, change.name);
        return undefined;
      case 'ticket.spend': {
        const { id, nowMs, expiresAtMs } = change;
        if (nowMs >= expiresAtMs) return refusals.ticketSpent();
        if (insertTicket.run(id, expiresAtMs).changes !== 1) return refusals.ticketSpent();
        forgetTickets.run(nowMs);
        return undefined;
      }
    }
  };
}
