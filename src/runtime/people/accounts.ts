import { newId } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import type { JsonObject } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import { isOfOrganisation, type Passkey, type Person, type Role } from '../../model/person.ts';
import type { Signer } from '../../ports/signer.ts';
import type { Store } from '../../ports/store.ts';
import { addHandler } from './one-person.ts';
import { hashPassword, requireStrong } from './password.ts';
import { commitPeople, type PeopleWorld, type PersonCaller, recordAct } from './people-world.ts';
import { type OpenedSession, openSession } from './sessions.ts';

/** What stands in the record as the one who acts. */
type By = Pick<PersonCaller, 'tenant' | 'person' | 'presence'>;

/** Makes an account. Throws a `Fault` E_PERSON_EXISTS. */
export async function addPerson(
  world: PeopleWorld,
  by: By,
  wanted: { readonly id: string; readonly roles: readonly Role[]; readonly localUser?: string },
): Promise<Person> {
  const { tenant } = by;
  if ((await world.store.readPerson(tenant, wanted.id)) !== undefined)
    throw new Fault('E_PERSON_EXISTS', `there is an account \`${wanted.id}\``);
  const made: Person = {
    tenant,
    ...wanted,
    groups: [],
    disabled: false,
    passkeys: [],
    createdAtMs: world.clock.nowMs(),
    revision: 1,
  };
  const person = { ...made, ...handled(world, made, by) };
  const what = { added: true, roles: [...wanted.roles], ...localOf(wanted.localUser) };
  await commitPeople(world, [{ kind: 'person.put', person }, actOn(world, by, person.id, what)]);
  return person;
}

/** Changes what an account may do. Whatever it may do less, its sessions end. Throws E_NOT_FOUND, E_LAST_ADMIN, E_BUSY. */
export async function changePerson(
  world: PeopleWorld,
  by: By,
  id: string,
  to: { readonly roles?: readonly Role[]; readonly disabled?: boolean; readonly localUser?: string },
): Promise<Person> {
  const before = await readAccount(world, by.tenant, id);
  const changed = to.roles ?? before.roles;
  const ends = to.disabled === true || before.roles.some((role) => !changed.includes(role));
  const what = {
    ...(to.roles === undefined ? {} : { roles: [...to.roles], before: [...before.roles] }),
    ...(to.disabled === undefined ? {} : { disabled: to.disabled }),
    ...localOf(to.localUser),
  };
  return put(world, by, before, to.localUser === undefined ? to : { ...to, ...handled(world, before, by) }, what, ends);
}

/** Sets a password. Every session of the account ends but the one it is set in. Throws E_PASSWORD_WEAK, E_REQUEST_INVALID. */
export async function setPassword(world: PeopleWorld, by: By, id: string, password: string): Promise<Person> {
  // It would let them in when their organisation does not any more.
  if (isOfOrganisation(id))
    throw new Fault('E_REQUEST_INVALID', 'their organisation signs them in; they have no password here');
  requireStrong(password, id);
  const before = await readAccount(world, by.tenant, id);
  return put(
    world,
    by,
    before,
    {
      password: await hashPassword(world.clock, password, world.settings().passwordCost),
      ...handled(world, before, by),
    },
    { password: 'set' },
    true,
  );
}

export async function addPasskey(world: PeopleWorld, by: By, id: string, passkey: Passkey): Promise<Person> {
  const before = await readAccount(world, by.tenant, id);
  if (before.passkeys.length >= limits.passkeysPerPerson)
    throw new Fault('E_LIMIT', 'that is as many passkeys as may be');
  if (before.passkeys.some((known) => known.id === passkey.id))
    throw new Fault('E_REQUEST_INVALID', 'this passkey is there already');
  const what = { passkey: { added: passkey.name, id: passkey.id } };
  return put(world, by, before, { passkeys: [...before.passkeys, passkey] }, what, false);
}

export async function removePasskey(world: PeopleWorld, by: By, id: string, passkeyId: string): Promise<Person> {
  const before = await readAccount(world, by.tenant, id);
  const passkeys = before.passkeys.filter((known) => known.id !== passkeyId);
  if (passkeys.length === before.passkeys.length) throw new Fault('E_NOT_FOUND', 'there is no such passkey');
  return put(world, by, before, { passkeys }, { passkey: { removed: passkeyId } }, true);
}

/** The account. Throws a `Fault` E_NOT_FOUND. */
export async function readAccount(
  { store }: { readonly store: Pick<Store, 'readPerson'> },
  tenant: string,
  id: string,
): Promise<Person> {
  const person = await store.readPerson(tenant, id);
  if (person === undefined) throw new Fault('E_NOT_FOUND', `there is no account \`${id}\``);
  return person;
}

const enrolmentAudience = (tenant: string) => `chaperone:${tenant}:enrolment`;

/** A code with which a person signs in once, to set a password or a passkey. It is worth as much as a password: hand it over alone. */
export async function issueEnrolment(world: PeopleWorld, signer: Signer, by: By, id: string): Promise<string> {
  const person = await readAccount(world, by.tenant, id);
  const from = person.codesFrom ?? 0;
  const claims = { sub: person.id, tenant: person.tenant, ticket: newId(world.clock, 'enr'), from };
  const expiresAtMs = world.clock.nowMs() + limits.enrolmentMs;
  const code = await signer.sign(claims, enrolmentAudience(by.tenant), expiresAtMs);
  // Before anybody has the code: whoever hands it out could use it themselves.
  await put(world, by, person, handled(world, person, by), { enrolment: { until: expiresAtMs } }, false);
  return code;
}

/** Signs in with a code, once. Throws a `Fault`: E_TOKEN_INVALID, E_TICKET, E_SIGN_IN. */
export async function signInByEnrolment(
  world: PeopleWorld,
  signer: Signer,
  tenant: string,
  code: string,
): Promise<OpenedSession> {
  const { sub, ticket, exp, from } = await signer.verify(code, enrolmentAudience(tenant));
  const person = await world.store.readPerson(tenant, String(sub));
  if (person === undefined || person.disabled) throw new Fault('E_SIGN_IN', 'the account is disabled');
  if (from !== (person.codesFrom ?? 0))
    throw new Fault('E_TICKET', 'the account has changed since the code was issued');
  const nowMs = world.clock.nowMs();
  await commitPeople(world, [{ kind: 'ticket.spend', id: String(ticket), nowMs, expiresAtMs: Number(exp) * 1_000 }]);
  return openSession(world, person, 'enrolment');
}

async function put(
  world: PeopleWorld,
  by: By,
  before: Person,
  to: Partial<Omit<Person, 'tenant' | 'id' | 'revision'>>,
  what: JsonObject,
  endsSessions: boolean,
): Promise<Person> {
  const person: Person = {
    ...before,
    ...to,
    ...(endsSessions ? { codesFrom: (before.codesFrom ?? 0) + 1 } : {}),
    revision: before.revision + 1,
  };
  const { tenant, id } = person;
  await commitPeople(world, [
    { kind: 'person.put', person },
    ...(endsSessions ? [{ kind: 'session.end' as const, tenant, person: id }] : []),
    actOn(world, by, id, what),
  ]);
  return person;
}

/** The account as one that `by` could sign in under, from now on for a while. */
function handled(world: PeopleWorld, person: Person, by: By): Pick<Person, 'handledBy'> {
  const nowMs = world.clock.nowMs();
  return addHandler(person, by.person, nowMs, nowMs + world.settings().settlingMs);
}

function actOn(world: PeopleWorld, by: By, person: string, what: JsonObject) {
  return recordAct(world, 'person.changed', by.tenant, { person, by: by.person, presence: by.presence, ...what });
}

function localOf(localUser: string | undefined): JsonObject {
  return localUser === undefined ? {} : { localUser };
}
