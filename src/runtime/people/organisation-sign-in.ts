import { Fault } from '../../base/fault.ts';
import { type Person, personIdSchema, type Role } from '../../model/person.ts';
import { issueTicket, type PeopleDesk, redeemTicket } from './people-desk.ts';
import { commitPeople, recordAct } from './people-world.ts';
import { type OpenedSession, openSession } from './sessions.ts';
import { refuseSignIn } from './sign-in.ts';

/** Where the browser goes, and what its cookie keeps until it is back. Throws a `Fault` E_NOT_FOUND without an organisation. */
export async function beginOrganisation(
  desk: PeopleDesk,
  redirectUri: string,
): Promise<{ readonly url: string; readonly cookie: string }> {
  const organisation = desk.organisation();
  if (organisation === undefined) throw new Fault('E_NOT_FOUND', 'no organisation is configured');
  const { url, kept } = await organisation.begin(redirectUri);
  return { url, cookie: await issueTicket(desk, 'oidc', { ...kept }) };
}

/**
 * Signs in whom the organisation vouches for. What they may do is what their groups say now, at each sign-in. The name
 * begins with `oidc:`, so that nobody there is taken for an account of here. Throws a `Fault`: E_TICKET, E_SIGN_IN.
 */
export async function finishOrganisation(
  desk: PeopleDesk,
  url: string,
  cookie: string,
  replaces?: string,
): Promise<OpenedSession> {
  const { tenant, store, clock } = desk;
  const organisation = desk.organisation();
  if (organisation === undefined) throw new Fault('E_NOT_FOUND', 'no organisation is configured');
  const kept = await redeemTicket(desk, 'oidc', cookie);
  const { name, groups } = await organisation.finish(url, {
    verifier: String(kept['verifier']),
    state: String(kept['state']),
    nonce: String(kept['nonce']),
  });
  const id = `oidc:${name}`;
  const roles = rolesOf(desk.rolesOfGroups(), groups);
  const before = personIdSchema.safeParse(id).success ? await store.readPerson(tenant, id) : undefined;
  if (roles.length === 0 || before?.disabled || !personIdSchema.safeParse(id).success) {
    if (before !== undefined && !before.disabled) await takeRoles(desk, before);
    await refuseSignIn(desk, tenant, before, before?.disabled ? 'disabled' : 'no role', 'oidc');
    throw new Fault('E_SIGN_IN', 'the organisation knows them, and none of their groups has a role here');
  }
  const person: Person = {
    tenant,
    id,
    roles,
    groups,
    disabled: false,
    passkeys: before?.passkeys ?? [],
    vouchedAtMs: clock.nowMs(),
    codesFrom: before?.codesFrom ?? 0,
    ...(before?.handledBy === undefined ? {} : { handledBy: before.handledBy }),
    createdAtMs: before?.createdAtMs ?? clock.nowMs(),
    revision: (before?.revision ?? 0) + 1,
  };
  const isSame = before !== undefined && String(before.roles) === String(roles);
  const what = { person: id, by: 'oidc', presence: 'session', roles: [...roles], before: [...(before?.roles ?? [])] };
  await commitPeople(desk, [
    { kind: 'person.put', person },
    ...(isSame ? [] : [recordAct(desk, 'person.changed', tenant, what)]),
  ]);
  return openSession(desk, person, 'oidc', replaces);
}

/** Nobody vouches for them any more: what they had here ends, sessions and keys with it. */
async function takeRoles(desk: PeopleDesk, before: Person): Promise<void> {
  const { tenant, id, roles } = before;
  const codesFrom = (before.codesFrom ?? 0) + 1;
  if (roles.length === 0) return;
  const what = { person: id, by: 'oidc', presence: 'session', roles: [], before: [...roles] };
  const ends = { kind: 'session.end', tenant, person: id } as const;
  const taken = await desk.store.commit([
    { kind: 'person.put', person: { ...before, roles: [], groups: [], codesFrom, revision: before.revision + 1 } },
    ends,
    recordAct(desk, 'person.changed', tenant, what),
  ]);
  // The last admin stays one, until somebody at the terminal makes another; but is signed in nowhere.
  if (!taken.ok) await commitPeople(desk, [ends]);
}

function rolesOf(roles: Readonly<Record<string, readonly Role[]>>, groups: readonly string[]): readonly Role[] {
  const given = new Set(groups.flatMap((group) => (Object.hasOwn(roles, group) ? (roles[group] ?? []) : [])));
  return [...given];
}
