import { newId } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import type { ApiKey, Role } from '../../model/person.ts';
import { readAccount } from './accounts.ts';
import { addHandler } from './one-person.ts';
import { commitPeople, type PeopleWorld, type PersonCaller, recordAct } from './people-world.ts';
import { digestToken, KEY_PREFIX, newToken } from './secret-token.ts';

const SHOWN_CHARS = KEY_PREFIX.length + 6;

/**
 * Issues a key in the name of a person. It may do what `roles` say and its person still may: it is that person, so that
 * nobody becomes two by making a key. Throws a `Fault`: E_NOT_FOUND, E_ROLE_MISSING for roles the person has not.
 */
export async function issueKey(
  world: PeopleWorld,
  by: PersonCaller,
  wanted: { readonly person: string; readonly name: string; readonly roles: readonly Role[]; readonly lifeMs: number },
): Promise<{ readonly key: ApiKey; readonly secret: string }> {
  const { tenant } = by;
  const { person, name, roles, lifeMs } = wanted;
  const account = await readAccount(world, tenant, person);
  if (roles.length === 0 || !roles.every((role) => account.roles.includes(role)))
    throw new Fault('E_ROLE_MISSING', 'a key can do no more than its person');
  const createdAtMs = world.clock.nowMs();
  const secret = newToken(world.clock, KEY_PREFIX);
  const key: ApiKey = {
    id: newId(world.clock, 'key'),
    prefix: secret.slice(0, SHOWN_CHARS),
    hash: digestToken(secret),
    tenant,
    person,
    name,
    roles,
    createdAtMs,
    expiresAtMs: createdAtMs + Math.min(lifeMs, limits.apiKeyLifeMs),
  };
  const { id, prefix, expiresAtMs } = key;
  // Whoever issues it in the name of somebody else has it, as long as it is good.
  const untilMs = Math.max(expiresAtMs, createdAtMs + world.settings().settlingMs);
  const handled = {
    ...account,
    ...addHandler(account, by.person, createdAtMs, untilMs),
    revision: account.revision + 1,
  };
  await commitPeople(world, [
    { kind: 'key.add', key },
    ...(by.person === person ? [] : [{ kind: 'person.put' as const, person: handled }]),
    recordAct(world, 'key.issued', tenant, {
      key: id,
      prefix,
      name,
      person,
      roles: [...roles],
      expiresAtMs,
      by: by.person,
      presence: by.presence,
    }),
  ]);
  return { key, secret };
}

/** Throws a `Fault` E_NOT_FOUND. */
export async function revokeKey(world: PeopleWorld, by: PersonCaller, id: string): Promise<void> {
  const { tenant } = by;
  await commitPeople(world, [
    { kind: 'key.revoke', tenant, id, atMs: world.clock.nowMs() },
    recordAct(world, 'key.revoked', tenant, { key: id, by: by.person, presence: by.presence }),
  ]);
}

/** Whose key it is. Throws a `Fault` E_TOKEN_INVALID. */
export async function callerOfKey(world: PeopleWorld, secret: string): Promise<PersonCaller> {
  const key = await world.store.readKey(digestToken(secret));
  const nowMs = world.clock.nowMs();
  if (key === undefined || key.revokedAtMs !== undefined || nowMs >= key.expiresAtMs)
    throw new Fault(
      'E_TOKEN_INVALID',
      key === undefined ? 'there is no such key' : 'the key was revoked or has expired',
    );
  const person = await world.store.readPerson(key.tenant, key.person);
  if (person === undefined || person.disabled) throw new Fault('E_TOKEN_INVALID', 'the person of the key is disabled');
  return {
    tenant: person.tenant,
    person: person.id,
    roles: key.roles.filter((role) => person.roles.includes(role)),
    groups: person.groups,
    presence: 'token',
  };
}

/**
 * Who a signed person token speaks for: an account, with what that may do now, or, without one, what the manifest gives to
 * tokens. What the token itself says of roles counts for nothing. Throws a `Fault` E_TOKEN_INVALID for a disabled account.
 */
export async function callerOfToken(world: PeopleWorld, tenant: string, name: string): Promise<PersonCaller> {
  const person = await world.store.readPerson(tenant, name);
  if (person?.disabled) throw new Fault('E_TOKEN_INVALID', 'the account is disabled');
  return {
    tenant,
    person: name,
    roles: person?.roles ?? world.settings().tokenRoles,
    groups: person?.groups ?? [],
    presence: 'token',
  };
}
