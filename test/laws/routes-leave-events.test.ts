import { beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/base/json.ts';
import { routeRules } from '../../src/doors/http/permissions-of-routes.ts';
import type { EventKind } from '../../src/model/event.ts';
import { ORIGIN, openPeopleDoor, PASSWORD, type PeopleDoor } from '../attacks/people-door.ts';
import { SoftwareAuthenticator } from '../attacks/software-authenticator.ts';

/*
 * Every route that a person may use says what it leaves in the record. Those that change accounts, keys and sessions are
 * asked here for real; a route that is not in the table fails the test.
 */

type Row =
  | { readonly leaves: EventKind; readonly says: object; readonly does: () => Promise<unknown> }
  | { readonly leaves: EventKind; readonly shownBy: string }
  | { readonly leaves: 'nothing'; readonly because: string };

let door: PeopleDoor;
let token: string;
let key: string;
const device = new SoftwareAuthenticator(ORIGIN);
const secrets: string[] = [PASSWORD];

beforeAll(async () => {
  door = openPeopleDoor();
  await door.add('ana', ['admin', 'viewer']);
  await door.add('bo', ['viewer']);
});

async function ask(method: string, path: string, body?: unknown) {
  const answer = await door.ask(method, path, { token, ...(body === undefined ? {} : { body }) });
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${String(answer.code)}`);
  return answer.body;
}

const shownBy = (leaves: EventKind, file: string): Row => ({ leaves, shownBy: file });
const nothing = (because: string): Row => ({ leaves: 'nothing', because });
const STATE = 'shows what is in force or who has an account, nothing of what runs said';
const changes = (leaves: EventKind, says: object, does: () => Promise<unknown>): Row => ({ leaves, says, does });

const table: Readonly<Record<string, Row>> = {
  'GET /v1/runs/:id': shownBy('record.read', 'src/doors/http/run-routes.ts'),
  'GET /v1/runs/:id/usage': nothing('shows how much was used, in numbers'),
  'GET /v1/calls/:id/receipt': shownBy('record.read', 'src/doors/http/call-routes.ts'),
  'GET /v1/approvals': shownBy('record.read', 'src/doors/http/person-routes.ts'),
  'GET /v1/approvals/:id': shownBy('record.read', 'src/doors/http/person-routes.ts'),
  'GET /v1/decisions/:id': shownBy('record.read', 'src/doors/http/person-routes.ts'),
  'GET /v1/events': shownBy('record.read', 'src/doors/http/person-routes.ts'),
  'POST /v1/scan': nothing('looks at what it is given, and keeps nothing of it'),
  'GET /metrics': nothing(STATE),
  'GET /v1/isolations': nothing(STATE),
  'GET /v1/me': nothing(STATE),
  'GET /v1/people': nothing(STATE),
  'GET /v1/keys': nothing(STATE),
  // By the very functions that the command line calls, which does each of them in `test/e2e/acts-leave-events.test.ts`.
  'POST /v1/runs/:id/resume': shownBy('run.resumed', 'test/laws/runaway.test.ts'),
  'POST /v1/approvals/:id/answer': shownBy('approval.answered', 'test/e2e/acts-leave-events.test.ts'),
  'POST /v1/duties': shownBy('duty.delegated', 'test/e2e/acts-leave-events.test.ts'),
  'POST /v1/stop': shownBy('isolation.changed', 'test/e2e/stop.test.ts'),
  'POST /v1/resume': shownBy('isolation.changed', 'test/e2e/stop.test.ts'),
  'POST /v1/me/password': changes('person.changed', { person: 'ana', by: 'ana' }, () =>
    ask('POST', '/v1/me/password', { password: PASSWORD }),
  ),
  'POST /v1/me/passkeys/options': nothing('hands out a question, which changes nothing until it is answered'),
  'POST /v1/me/passkeys': changes('person.changed', { person: 'ana', by: 'ana' }, async () => {
    const { options, ticket } = await ask('POST', '/v1/me/passkeys/options');
    await ask('POST', '/v1/me/passkeys', { ticket, name: 'laptop', response: device.create(options as JsonObject) });
  }),
  'DELETE /v1/me/passkeys/:id': changes('person.changed', { person: 'ana', by: 'ana' }, () =>
    ask('DELETE', `/v1/me/passkeys/${device.id.toString('base64url')}`),
  ),
  'POST /v1/people': changes('person.changed', { person: 'cy', by: 'ana' }, () =>
    ask('POST', '/v1/people', { name: 'cy', roles: ['viewer'] }),
  ),
  'POST /v1/people/:id': changes('person.changed', { person: 'bo', by: 'ana' }, () =>
    ask('POST', '/v1/people/bo', { roles: ['viewer', 'approver'] }),
  ),
  'POST /v1/people/:id/enrolment': changes('person.changed', { person: 'bo', by: 'ana' }, async () => {
    secrets.push(String((await ask('POST', '/v1/people/bo/enrolment'))['code']));
  }),
  'DELETE /v1/people/:id/sessions': changes('session.ended', { person: 'bo', by: 'ana' }, () =>
    ask('DELETE', '/v1/people/bo/sessions'),
  ),
  'POST /v1/keys': changes('key.issued', { person: 'bo', by: 'ana' }, async () => {
    const made = await ask('POST', '/v1/keys', { person: 'bo', name: 'k', roles: ['viewer'] });
    secrets.push(String(made['secret']));
    key = String((made['key'] as JsonObject | undefined)?.['id'] ?? made['id']);
  }),
  'DELETE /v1/keys/:id': changes('key.revoked', { by: 'ana' }, () => ask('DELETE', `/v1/keys/${key}`)),
  'DELETE /v1/me/sessions': changes('session.ended', { person: 'ana', by: 'ana' }, () =>
    ask('DELETE', '/v1/me/sessions'),
  ),
};

describe('every route that a person may use', () => {
  it('says what it leaves in the record', () => {
    expect(Object.keys(table).sort()).toEqual(Object.keys(routeRules).sort());
  });

  it.each(Object.entries(table))('%s leaves what the table says', async (_route, row) => {
    if (row.leaves === 'nothing') return expect(row.because).not.toBe('');
    if ('shownBy' in row) return expect(row.shownBy).toMatch(/\.ts$/);
    token = await door.signIn('ana'); // some of these end every session
    secrets.push(token);
    const [before] = await door.store.readEvents({ tenant: 'acme', newestFirst: true, limit: 1 });
    await row.does();
    const afterSeq = before?.seq ?? 0;
    const left = await door.store.readEvents({ tenant: 'acme', kinds: [row.leaves], afterSeq, limit: 100 });
    expect(left.map(({ body }) => body)).toContainEqual(
      expect.objectContaining({ ...row.says, presence: expect.any(String) }),
    );
  });

  it('leaves no secret there', async () => {
    const all = JSON.stringify(await door.store.readEvents({ tenant: 'acme', limit: 1_000 }));
    expect(secrets.length).toBeGreaterThan(10);
    for (const secret of secrets) expect(all.includes(secret)).toBe(false);
  });
});
