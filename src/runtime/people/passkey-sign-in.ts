import { Fault } from '../../base/fault.ts';
import type { JsonObject } from '../../base/json.ts';
import { isOfOrganisation, type Person } from '../../model/person.ts';
import type { PasskeySite } from '../../ports/passkeys.ts';
import { addPasskey, readAccount } from './accounts.ts';
import { issueTicket, type PeopleDesk, redeemTicket } from './people-desk.ts';
import { commitPeople, type PersonCaller } from './people-world.ts';
import { type OpenedSession, openSession } from './sessions.ts';
import { refuseSignIn } from './sign-in.ts';

/** What a page shows its authenticator, and the ticket to send back with the answer. */
export interface PasskeyQuestion {
  readonly options: JsonObject;
  readonly ticket: string;
}

export async function askForPasskey(desk: PeopleDesk, site: PasskeySite): Promise<PasskeyQuestion> {
  const { options, challenge } = await desk.passkeys.signInOptions(site);
  return { options, ticket: await issueTicket(desk, 'passkey-sign-in', { challenge, host: site.host }) };
}

/**
 * Signs in with a passkey. `response.response.userHandle` names the account, and the passkey has to be one of its own.
 * Throws a `Fault`: E_TICKET, E_SIGN_IN.
 */
export async function signInByPasskey(
  desk: PeopleDesk,
  site: PasskeySite,
  given: { readonly ticket: string; readonly response: JsonObject },
  replaces?: string,
): Promise<OpenedSession> {
  const { challenge } = await redeemTicket(desk, 'passkey-sign-in', given.ticket);
  const { tenant } = desk;
  const inner = given.response['response'] as JsonObject | undefined; // of the shape the contract checked
  const name = Buffer.from(String(inner?.['userHandle'] ?? ''), 'base64url').toString();
  const person = await desk.store.readPerson(tenant, name);
  const passkey = person?.passkeys.find(({ id }) => id === given.response['id']);
  const isLetIn = person !== undefined && !person.disabled && isVouchedFor(desk, person);
  if (person === undefined || passkey === undefined || !isLetIn) {
    const why = person?.disabled ? 'disabled' : isLetIn ? 'wrong' : 'not vouched for';
    await refuseSignIn(desk, tenant, person, why, 'passkey');
    throw new Fault('E_SIGN_IN', 'no account has this passkey');
  }
  let counter: number;
  try {
    counter = await desk.passkeys.verifySignIn(site, given.response, String(challenge), passkey);
  } catch (error) {
    await refuseSignIn(desk, tenant, person, 'wrong', 'passkey');
    throw error;
  }
  const passkeys = person.passkeys.map((known) => (known.id === passkey.id ? { ...known, counter } : known));
  // One that signs elsewhere at the same time counts twice: whoever comes second is told to begin again.
  const used = { ...person, passkeys, revision: person.revision + 1 };
  await commitPeople(desk, [{ kind: 'person.put', person: used }]);
  return openSession(desk, used, 'passkey', replaces);
}

/**
 * Whom an organisation signs in, a passkey lets in for as long as a session may last after that: who has left it, and never
 * comes back through it, is let in no longer.
 */
function isVouchedFor({ clock, settings }: PeopleDesk, { id, vouchedAtMs }: Person): boolean {
  if (!isOfOrganisation(id)) return true;
  return vouchedAtMs !== undefined && clock.nowMs() < vouchedAtMs + settings().sessionLifeMs;
}

export async function askToRegister(desk: PeopleDesk, site: PasskeySite, by: PersonCaller): Promise<PasskeyQuestion> {
  const person = await readAccount(desk, by.tenant, by.person);
  const { options, challenge } = await desk.passkeys.registrationOptions(site, person);
  return { options, ticket: await issueTicket(desk, 'passkey-registration', { challenge, person: person.id }) };
}

/** Adds a passkey to one’s own account. Throws a `Fault`: E_TICKET, also for somebody else’s; E_SIGN_IN. */
export async function registerPasskey(
  desk: PeopleDesk,
  site: PasskeySite,
  by: PersonCaller,
  given: { readonly ticket: string; readonly name: string; readonly response: JsonObject },
): Promise<void> {
  const { challenge, person } = await redeemTicket(desk, 'passkey-registration', given.ticket);
  if (person !== by.person) throw new Fault('E_TICKET', 'the challenge was made for somebody else');
  const verified = await desk.passkeys.verifyRegistration(site, given.response, String(challenge));
  await addPasskey(desk, by, by.person, { ...verified, name: given.name, addedAtMs: desk.clock.nowMs() });
}
