import type { PasskeySite } from '../../ports/passkeys.ts';
import type { PeopleDesk } from '../../runtime/people/people-desk.ts';
import type { PersonCaller } from '../../runtime/people/people-world.ts';
import type { PersonClaims } from './authenticate.ts';
import type { RequestHead } from './head.ts';
import { originOf } from './metadata.ts';
import { RequestRefused } from './refuse.ts';
import type { RouteWorld } from './route.ts';

/** The accounts, where this door has any. */
export function deskOf({ people }: Pick<RouteWorld, 'people'>): PeopleDesk {
  if (people === undefined) throw new RequestRefused('E_NOT_FOUND');
  return people;
}

/** The page that talks to an authenticator is one of this gateway’s own, under the name that the guard has checked. */
export function siteOf({
  head,
  publicOrigin,
}: {
  readonly head: RequestHead;
  readonly publicOrigin: string | undefined;
}): PasskeySite {
  const origin = originOf(head, publicOrigin);
  return { origin, host: new URL(origin).hostname };
}

export function callerOf({ kind: _, sub, ...claims }: PersonClaims): PersonCaller {
  return { ...claims, person: sub };
}
