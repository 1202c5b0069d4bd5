import { limits } from '../../base/limits.ts';
import { changePersonSchema, newKeySchema, newPersonSchema } from '../../contract/people.ts';
import { addPerson, changePerson, issueEnrolment } from '../../runtime/people/accounts.ts';
import { issueKey, revokeKey } from '../../runtime/people/keys.ts';
import { endSessions } from '../../runtime/people/sessions.ts';
import { callerOf, deskOf } from './desk-of.ts';
import { viewKey, viewPerson } from './people-views.ts';
import { respondJson } from './refuse.ts';
import { type Route, route } from './route.ts';
import { viewTime } from './views.ts';

const SHOWN = 1_000;

/** Accounts and keys of the tenant. */
export const peopleRoutes: readonly Route[] = [
  route('GET', '/v1/people', ['person'], async (request) => {
    const after = request.query.get('after') ?? undefined;
    const people = await deskOf(request).store.listPeople(request.claims.tenant, SHOWN, after);
    return respondJson(200, { people: people.map(viewPerson) });
  }),

  route('POST', '/v1/people', ['person'], async (request) => {
    const { name, roles } = await request.read(newPersonSchema);
    const person = await addPerson(deskOf(request), callerOf(request.claims), { id: name, roles });
    return respondJson(201, viewPerson(person));
  }),

  route('POST', '/v1/people/:id', ['person'], async (request) => {
    const { roles, disabled } = await request.read(changePersonSchema);
    const person = await changePerson(deskOf(request), callerOf(request.claims), request.id, {
      ...(roles === undefined ? {} : { roles }),
      ...(disabled === undefined ? {} : { disabled }),
    });
    return respondJson(200, viewPerson(person));
  }),

  route('POST', '/v1/people/:id/enrolment', ['person'], async (request) => {
    const desk = deskOf(request);
    const code = await issueEnrolment(desk, desk.signer, callerOf(request.claims), request.id);
    return respondJson(201, { code, expiresAt: viewTime(request.clock.nowMs() + limits.enrolmentMs) });
  }),

  route('DELETE', '/v1/people/:id/sessions', ['person'], async (request) => {
    await endSessions(deskOf(request), callerOf(request.claims), { person: request.id });
    return respondJson(200, { done: true });
  }),

  route('GET', '/v1/keys', ['person'], async (request) => {
    const keys = await deskOf(request).store.listKeys(request.claims.tenant, SHOWN);
    return respondJson(200, { keys: keys.map(viewKey) });
  }),

  route('POST', '/v1/keys', ['person'], async (request) => {
    const { lifetime, ...wanted } = await request.read(newKeySchema);
    const { key, secret } = await issueKey(deskOf(request), callerOf(request.claims), { ...wanted, lifeMs: lifetime });
    return respondJson(201, { key: viewKey(key), secret });
  }),

  route('DELETE', '/v1/keys/:id', ['person'], async (request) => {
    await revokeKey(deskOf(request), callerOf(request.claims), request.id);
    return respondJson(200, { done: true });
  }),
];
