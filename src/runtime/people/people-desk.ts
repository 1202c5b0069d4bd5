import { newId } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import type { JsonObject } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import type { Role } from '../../model/person.ts';
import type { Organisation } from '../../ports/organisation.ts';
import type { Passkeys } from '../../ports/passkeys.ts';
import type { Signer } from '../../ports/signer.ts';
import { commitPeople, type PeopleWorld } from './people-world.ts';

/** What the doors need to know people: the accounts of one tenant, and what their sign-ins rest on. */
export interface PeopleDesk extends PeopleWorld {
  readonly tenant: string;
  readonly signer: Signer;
  readonly passkeys: Passkeys;
  /** Under the configuration in force; undefined where there is none. */
  organisation(): Organisation | undefined;
  /** What members of its groups may be here. */
  rolesOfGroups(): Readonly<Record<string, readonly Role[]>>;
}

/** What a challenge was made for: one does not stand in for another. */
export type TicketPurpose = 'passkey-sign-in' | 'passkey-registration' | 'oidc';

/** Hands out what has to come back, signed, within `limits.signInMs`, once. */
export async function issueTicket(desk: PeopleDesk, purpose: TicketPurpose, what: JsonObject): Promise<string> {
  const expiresAtMs = desk.clock.nowMs() + limits.signInMs;
  return desk.signer.sign({ ...what, ticket: newId(desk.clock, 'tkt') }, audienceOf(desk, purpose), expiresAtMs);
}

/** What was handed out, if it is ours and comes back for the first time. Throws a `Fault` E_TICKET. */
export async function redeemTicket(desk: PeopleDesk, purpose: TicketPurpose, ticket: string): Promise<JsonObject> {
  const claims = await desk.signer.verify(ticket, audienceOf(desk, purpose)).catch((error: unknown) => {
    throw new Fault('E_TICKET', 'it is not one of ours, or has expired', { cause: error });
  });
  const nowMs = desk.clock.nowMs();
  const expiresAtMs = Number(claims['exp']) * 1_000;
  await commitPeople(desk, [{ kind: 'ticket.spend', id: String(claims['ticket']), nowMs, expiresAtMs }]);
  return claims;
}

const audienceOf = ({ tenant }: PeopleDesk, purpose: TicketPurpose): string => `chaperone:${tenant}:${purpose}`;
