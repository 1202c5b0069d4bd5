import type { KeyBody, PersonBody } from '../../contract/people.ts';
import type { ApiKey, Person } from '../../model/person.ts';
import { viewTime } from './views.ts';

/** Member by member, as every noun: what a password or a key is checked with stays inside. */
export function viewPerson(person: Person): PersonBody {
  return {
    name: person.id,
    roles: [...person.roles],
    groups: [...person.groups],
    disabled: person.disabled,
    hasPassword: person.password !== undefined,
    passkeys: person.passkeys.map(({ id, name, addedAtMs }) => ({ id, name, addedAt: viewTime(addedAtMs) })),
    createdAt: viewTime(person.createdAtMs),
  };
}

export function viewKey(key: ApiKey): KeyBody {
  return {
    id: key.id,
    prefix: key.prefix,
    person: key.person,
    name: key.name,
    roles: [...key.roles],
    createdAt: viewTime(key.createdAtMs),
    expiresAt: viewTime(key.expiresAtMs),
    ...(key.revokedAtMs === undefined ? {} : { revokedAt: viewTime(key.revokedAtMs) }),
  };
}
