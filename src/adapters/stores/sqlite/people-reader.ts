import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { Fault } from '../../../base/fault.ts';
import type { ApiKey, Person, Session, SignInAttempts } from '../../../model/person.ts';
import type { PeopleReads } from '../../../ports/people-changes.ts';

type Row = ReturnType<StatementSync['all']>[number];
type Reader = {
  readonly [K in keyof PeopleReads]: (...args: Parameters<PeopleReads[K]>) => Awaited<ReturnType<PeopleReads[K]>>;
};

/** What can be read of people from a store's file. */
export function createPeopleReader(db: DatabaseSync): Reader {
  const selectPerson = db.prepare('SELECT record FROM people WHERE tenant = ? AND id = ?');
  const selectPeople = db.prepare('SELECT record FROM people WHERE tenant = ? AND id > ? ORDER BY id LIMIT ?');
  const selectSession = db.prepare('SELECT record FROM sessions WHERE hash = ?');
  const selectSessions = db.prepare(
    'SELECT record FROM sessions WHERE tenant = ? AND person = ? ORDER BY opened_at_ms DESC, id DESC LIMIT ?',
  );
  const selectKey = db.prepare('SELECT record, revoked_at_ms FROM api_keys WHERE hash = ?');
  const selectKeys = db.prepare(
    'SELECT record, revoked_at_ms FROM api_keys WHERE tenant = ? ORDER BY created_at_ms DESC, id DESC LIMIT ?',
  );
  const selectSignIn = db.prepare('SELECT record FROM sign_ins WHERE tenant = ? AND name = ?');
  return {
    readPerson: (tenant, id) => parse<Person>(selectPerson.get(tenant, id)),
    listPeople: (tenant, limit, after = '') =>
      selectPeople.all(tenant, after, limit).flatMap((row) => parse<Person>(row) ?? []),
    readSession: (hash) => parse<Session>(selectSession.get(hash)),
    listSessions: (tenant, person, limit) =>
      selectSessions.all(tenant, person, limit).flatMap((row) => parse<Session>(row) ?? []),
    readKey: (hash) => toKey(selectKey.get(hash)),
    listKeys: (tenant, limit) => selectKeys.all(tenant, limit).flatMap((row) => toKey(row) ?? []),
    readSignIn: (tenant, name) => parse<SignInAttempts>(selectSignIn.get(tenant, name)),
  };
}

function toKey(row: Row | undefined): ApiKey | undefined {
  const key = parse<ApiKey>(row);
  const revokedAtMs = row?.['revoked_at_ms'];
  return key && { ...key, ...(revokedAtMs == null ? {} : { revokedAtMs: Number(revokedAtMs) }) };
}

function parse<Written>(row: Row | undefined): Written | undefined {
  if (row === undefined) return undefined;
  try {
    return JSON.parse(String(row['record'])) as Written; // the store wrote it itself from this type
  } catch (error) {
    throw new Fault('E_STORE_CORRUPT', 'a record in the store is not the JSON that was written', { cause: error });
  }
}
