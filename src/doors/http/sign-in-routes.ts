import type { Clock } from '../../base/clock.ts';
import type { JsonObject } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import { enrolSchema, passkeySignInSchema, type SignedInBody, signInSchema } from '../../contract/people.ts';
import { signInByEnrolment } from '../../runtime/people/accounts.ts';
import { beginOrganisation, finishOrganisation } from '../../runtime/people/organisation-sign-in.ts';
import { askForPasskey, signInByPasskey } from '../../runtime/people/passkey-sign-in.ts';
import type { OpenedSession } from '../../runtime/people/sessions.ts';
import { signInByPassword } from '../../runtime/people/sign-in.ts';
import { readSessionCookie, readSignInCookie, setSessionCookie, setSignInCookie } from './cookies.ts';
import { deskOf, siteOf } from './desk-of.ts';
import { originOf } from './metadata.ts';
import { RequestRefused, respondJson } from './refuse.ts';
import { type Route, type RouteRequest, route } from './route.ts';
import { SignInLimiter } from './sign-in-limiter.ts';
import { viewTime } from './views.ts';

const CALLBACK = '/v1/sign-in/oidc/callback';
const limiters = new WeakMap<Clock, SignInLimiter>();

/** Where people come who have yet to say who they are. Each is held to how often one address may try. */
export const signInRoutes: readonly Route[] = [
  route('POST', '/v1/sign-in', [], async (request) => {
    takeTurn(request);
    const desk = deskOf(request);
    const { cookie, ...given } = await request.read(signInSchema);
    const opened = await signInByPassword(desk, desk.tenant, given, readSessionCookie(request.head));
    return respondSignedIn(request, opened, cookie);
  }),

  route('POST', '/v1/sign-in/enrolment', [], async (request) => {
    takeTurn(request);
    const desk = deskOf(request);
    const { code, cookie } = await request.read(enrolSchema);
    return respondSignedIn(request, await signInByEnrolment(desk, desk.signer, desk.tenant, code), cookie);
  }),

  route('POST', '/v1/sign-in/passkey/options', [], async (request) => {
    takeTurn(request);
    return respondJson(200, await askForPasskey(deskOf(request), siteOf(request)));
  }),

  route('POST', '/v1/sign-in/passkey', [], async (request) => {
    takeTurn(request);
    const { cookie, ticket, response } = await request.read(passkeySignInSchema);
    const given = { ticket, response: response as JsonObject }; // it came as JSON
    const opened = await signInByPasskey(deskOf(request), siteOf(request), given, readSessionCookie(request.head));
    return respondSignedIn(request, opened, cookie);
  }),

  route('GET', '/v1/sign-in/oidc', [], async (request) => {
    takeTurn(request);
    const { head, publicOrigin } = request;
    const { url, cookie } = await beginOrganisation(deskOf(request), originOf(head, publicOrigin) + CALLBACK);
    return respondJson(302, {}, { location: url, 'set-cookie': setSignInCookie(cookie, head.secure, limits.signInMs) });
  }),

  route('GET', CALLBACK, [], async (request) => {
    takeTurn(request);
    const { head, publicOrigin } = request;
    // Without what was begun in this very browser somebody else may have sent the person here.
    const kept = readSignInCookie(head);
    if (kept === undefined) throw new RequestRefused('E_TICKET');
    const url = originOf(head, publicOrigin) + head.target;
    return respondSignedIn(
      request,
      await finishOrganisation(deskOf(request), url, kept, readSessionCookie(head)),
      true,
    );
  }),
];

function takeTurn({ clock, head }: Pick<RouteRequest, 'clock' | 'head'>): void {
  const limiter = limiters.get(clock) ?? new SignInLimiter(clock);
  limiters.set(clock, limiter);
  limiter.take(head.remoteAddress);
}

function respondSignedIn(
  { head, clock }: Pick<RouteRequest, 'head' | 'clock'>,
  { session, token, csrf, person }: OpenedSession,
  asCookie: boolean,
): Response {
  const body: SignedInBody = {
    person: person.id,
    roles: [...person.roles],
    ...(asCookie ? { csrf } : { token }),
    expiresAt: viewTime(session.expiresAtMs),
  };
  const lifeMs = session.expiresAtMs - clock.nowMs();
  return respondJson(200, body, asCookie ? { 'set-cookie': setSessionCookie(token, head.secure, lifeMs) } : {});
}
