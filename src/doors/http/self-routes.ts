import type { JsonObject } from '../../base/json.ts';
import { type MeBody, newPasskeySchema, newPasswordSchema } from '../../contract/people.ts';
import { removePasskey, setPassword } from '../../runtime/people/accounts.ts';
import { askToRegister, registerPasskey } from '../../runtime/people/passkey-sign-in.ts';
import { endSessions } from '../../runtime/people/sessions.ts';
import { clearSessionCookie } from './cookies.ts';
import { callerOf, deskOf, siteOf } from './desk-of.ts';
import { viewPerson } from './people-views.ts';
import { respondJson } from './refuse.ts';
import { type Route, route } from './route.ts';
import { viewTime } from './views.ts';

const SESSIONS_SHOWN = 100;

/** What a person does with their own account. */
export const selfRoutes: readonly Route[] = [
  route('GET', '/v1/me', ['person'], async (request) => {
    const { tenant, sub, roles, groups, presence } = request.claims;
    const { store } = deskOf(request);
    const account = await store.readPerson(tenant, sub);
    const sessions = await store.listSessions(tenant, sub, SESSIONS_SHOWN);
    const body: MeBody = {
      person: sub,
      roles: [...roles],
      groups: [...groups],
      presence,
      ...(account === undefined ? {} : { account: viewPerson(account) }),
      sessions: sessions.map(({ id, method, openedAtMs, usedAtMs, expiresAtMs }) => ({
        id,
        method,
        openedAt: viewTime(openedAtMs),
        usedAt: viewTime(usedAtMs),
        expiresAt: viewTime(expiresAtMs),
      })),
    };
    return respondJson(200, body);
  }),

  route('DELETE', '/v1/me/sessions', ['person'], async (request) => {
    const caller = callerOf(request.claims);
    const all = request.query.get('all') === 'true' || caller.sessionId === undefined;
    await endSessions(deskOf(request), caller, {
      person: caller.person,
      ...(all || caller.sessionId === undefined ? {} : { id: caller.sessionId }),
    });
    return respondJson(200, { done: true }, { 'set-cookie': clearSessionCookie(request.head.secure) });
  }),

  route('POST', '/v1/me/password', ['person'], async (request) => {
    const { password } = await request.read(newPasswordSchema);
    const caller = callerOf(request.claims);
    await setPassword(deskOf(request), caller, caller.person, password);
    return respondJson(200, { done: true });
  }),

  route('POST', '/v1/me/passkeys/options', ['person'], async (request) =>
    respondJson(200, await askToRegister(deskOf(request), siteOf(request), callerOf(request.claims))),
  ),

  route('POST', '/v1/me/passkeys', ['person'], async (request) => {
    const { response, ...given } = await request.read(newPasskeySchema);
    const answer = { ...given, response: response as JsonObject }; // it came as JSON
    await registerPasskey(deskOf(request), siteOf(request), callerOf(request.claims), answer);
    return respondJson(200, { done: true });
  }),

  route('DELETE', '/v1/me/passkeys/:id', ['person'], async (request) => {
    const caller = callerOf(request.claims);
    await removePasskey(deskOf(request), caller, caller.person, request.id);
    return respondJson(200, { done: true });
  }),
];
