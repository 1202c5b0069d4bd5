import { Fault } from '../../base/fault.ts';
import type { Person } from '../../model/person.ts';
import { verifyPassword } from './password.ts';
import { commitPeople, type PeopleWorld, recordAct } from './people-world.ts';
import { type OpenedSession, openSession } from './sessions.ts';

/**
 * Signs in by name and password. Throws a `Fault` E_SIGN_IN that says the same, after the same work, whether the name is
 * unknown, the password wrong, the account disabled or locked: what it was stands in the record.
 */
export async function signInByPassword(
  world: PeopleWorld,
  tenant: string,
  given: { readonly name: string; readonly password: string },
  replaces?: string,
): Promise<OpenedSession> {
  const { name, password } = given;
  const person = await world.store.readPerson(tenant, name);
  const isLocked = !(await countAttempt(world, tenant, person));
  const cost = world.settings().passwordCost;
  const isRight = await verifyPassword(password, isLocked || person?.disabled ? undefined : person?.password, cost);
  if (person === undefined || !isRight) {
    await refuseSignIn(
      world,
      tenant,
      person,
      isLocked ? 'locked' : person?.disabled ? 'disabled' : 'wrong',
      'password',
    );
    throw new Fault('E_SIGN_IN', 'the sign-in was not accepted');
  }
  await commitPeople(world, [{ kind: 'sign-in.clear', tenant, name }]);
  return openSession(world, person, 'password', replaces);
}

/** No account has this name. */
const NOBODY = '';

/**
 * Counts an attempt before it is made; false where the account is locked. For a name without an account, and for one that is
 * locked, as much is read and written, of one row that stands for nobody: else a clock would tell which names there are.
 */
async function countAttempt({ store, clock }: PeopleWorld, tenant: string, person?: Person): Promise<boolean> {
  const name = person?.id ?? NOBODY;
  const nowMs = clock.nowMs();
  const before = await store.readSignIn(tenant, name);
  const attempt = { kind: 'sign-in.attempt', tenant, nowMs } as const;
  if (person !== undefined && !(before !== undefined && nowMs < before.lockedUntilMs)) {
    const { ok } = await store.commit([{ ...attempt, name }]);
    if (ok) return true; // else others have tried at the same time
  }
  await store.commit([
    { kind: 'sign-in.clear', tenant, name: NOBODY },
    { ...attempt, name: NOBODY },
  ]);
  return false;
}

/** Records that a sign-in was refused. Of a name that is no account nothing is written: it may be a password. */
export async function refuseSignIn(
  world: PeopleWorld,
  tenant: string,
  person: Person | undefined,
  why: string,
  method: string,
): Promise<void> {
  const body = {
    ...(person === undefined ? {} : { person: person.id }),
    why: person === undefined ? 'unknown' : why,
    method,
  };
  await commitPeople(world, [recordAct(world, 'sign-in.refused', tenant, body)]);
}
