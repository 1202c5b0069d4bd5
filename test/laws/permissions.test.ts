import { beforeAll, describe, expect, it } from 'vitest';
import { routes } from '../../src/doors/http/door.ts';
import { routeRules } from '../../src/doors/http/permissions-of-routes.ts';
import { type Role, roles } from '../../src/model/person.ts';
import { openPeopleDoor, type PeopleDoor } from '../attacks/people-door.ts';

/*
 * Who may do what, over every route there is. The expectation is written out once more, by hand and by role: the table in
 * the code is data, and a slip in it is a hole. Assumes that a session says truly who somebody is.
 */

const READS = 'viewer approver operator security admin';
const STOPS = 'operator security admin';
const EXPECTED: Readonly<Record<string, string>> = {
  'GET /metrics': READS,
  'GET /v1/runs/:id': READS,
  'GET /v1/runs/:id/usage': READS,
  'GET /v1/calls/:id/receipt': READS,
  'GET /v1/approvals': READS,
  'GET /v1/approvals/:id': READS,
  'GET /v1/decisions/:id': READS,
  'GET /v1/events': READS,
  'POST /v1/scan': READS,
  'GET /v1/isolations': READS,
  'GET /v1/me': READS,
  'DELETE /v1/me/sessions': READS,
  'POST /v1/me/password': READS,
  'POST /v1/me/passkeys/options': READS,
  'POST /v1/me/passkeys': READS,
  'DELETE /v1/me/passkeys/:id': READS,
  'POST /v1/approvals/:id/answer': 'approver',
  'POST /v1/duties': 'approver',
  'POST /v1/stop': STOPS,
  'POST /v1/resume': STOPS,
  'POST /v1/runs/:id/resume': STOPS,
  'GET /v1/people': 'security admin',
  'GET /v1/keys': 'security admin',
  'POST /v1/people': 'admin',
  'POST /v1/people/:id': 'admin',
  'POST /v1/people/:id/enrolment': 'admin',
  'DELETE /v1/people/:id/sessions': 'admin',
  'POST /v1/keys': 'admin',
  'DELETE /v1/keys/:id': 'admin',
};
const ofPeople = routes.filter(({ kinds }) => kinds.includes('person'));
const nameOf = ({ method, path }: { readonly method: string; readonly path: string }) => `${method} ${path}`;
/** What takes somebody who has just signed in, and so neither a key nor an old session. */
const FRESH = [
  'POST /v1/duties',
  'POST /v1/me/password',
  'POST /v1/me/passkeys/options',
  'POST /v1/me/passkeys',
  'DELETE /v1/me/passkeys/:id',
  'POST /v1/people',
  'POST /v1/people/:id',
  'POST /v1/people/:id/enrolment',
  'POST /v1/keys',
];

let door: PeopleDoor;
const tokens = new Map<string, string>();
const keys = new Map<string, string>();

beforeAll(async () => {
  door = openPeopleDoor();
  await door.add('boss', ['admin']);
  for (const role of roles) await door.add(role, [role]);
  await door.add('nobody', []);
  for (const id of ['boss', ...roles, 'nobody']) tokens.set(id, await door.signIn(id));
  for (const role of roles) {
    const body = { person: role, name: 'k', roles: [role] };
    const issued = await door.ask('POST', '/v1/keys', { token: await door.signIn('boss'), body });
    keys.set(role, String(issued.body['secret']));
  }
}, 60_000);

async function reach(route: (typeof ofPeople)[number], token: string | undefined): Promise<unknown> {
  const { method, path } = route;
  const body = method === 'GET' || method === 'DELETE' ? {} : { body: {} };
  const { code } = await door.ask(method, path.replace(':id', 'none'), {
    ...(token === undefined ? {} : { token }),
    ...body,
  });
  return code;
}

describe('who may do what', () => {
  it('is said of every route that lets people in, and of no other', () => {
    expect(Object.keys(routeRules).sort()).toEqual(ofPeople.map(nameOf).sort());
    expect(Object.keys(EXPECTED).sort()).toEqual(ofPeople.map(nameOf).sort());
    expect(
      Object.keys(routeRules)
        .filter((name) => routeRules[name]?.fresh)
        .sort(),
    ).toEqual([...FRESH].sort());
  });

  it.each(ofPeople.map((route) => [nameOf(route), route] as const))('%s', async (name, route) => {
    for (const role of roles) {
      // The routes that end one's own session are tried with one that is not needed again.
      const token = name === 'DELETE /v1/me/sessions' ? await door.signIn(role) : await freshToken(role);
      const code = await reach(route, token);
      if (EXPECTED[name]?.split(' ').includes(role)) expect(code, role).not.toBe('E_ROLE_MISSING');
      else expect(code, role).toBe('E_ROLE_MISSING');
    }
    expect(await reach(route, tokens.get('nobody')), 'without a role').toBe('E_ROLE_MISSING');
    expect(await reach(route, undefined), 'without a session').toBe('E_AUTH_REQUIRED');
  });

  it('is no more with a key, and less where somebody has to be there', async () => {
    for (const route of ofPeople) {
      const name = nameOf(route);
      if (name === 'DELETE /v1/me/sessions') continue;
      for (const role of roles) {
        const code = await reach(route, keys.get(role));
        if (!EXPECTED[name]?.split(' ').includes(role)) expect(code, `${role} ${name}`).toBe('E_ROLE_MISSING');
        else if (FRESH.includes(name)) expect(code, `${role} ${name}`).toBe('E_FRESH_SIGN_IN');
        else expect(code, `${role} ${name}`).not.toBe('E_ROLE_MISSING');
      }
    }
  });
});

/** Signs in again where the session has grown old meanwhile. */
async function freshToken(role: Role): Promise<string> {
  const known = tokens.get(role) ?? '';
  const { body } = await door.ask('GET', '/v1/me', { token: known });
  const opened = (body['sessions'] as { openedAt: string }[] | undefined)?.[0]?.openedAt;
  if (opened !== undefined && door.desk.clock.nowMs() - Date.parse(opened) < 5 * 60_000) return known;
  const token = await door.signIn(role);
  tokens.set(role, token);
  return token;
}
