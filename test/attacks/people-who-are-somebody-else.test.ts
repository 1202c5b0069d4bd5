import { createHook } from 'node:async_hooks';
import { beforeEach, describe, expect, it } from 'vitest';
import { newMemoryState } from '../../src/adapters/stores/memory/memory-state.ts';
import { openMemoryStore } from '../../src/adapters/stores/memory/open-memory-store.ts';
import { AUDIENCE } from '../../src/doors/http/door.fixture.ts';
import type { Store } from '../../src/ports/store.ts';
import { changePerson, issueEnrolment } from '../../src/runtime/people/accounts.ts';
import { csrfOf } from '../../src/runtime/people/secret-token.ts';
import { ORIGIN, openPeopleDoor, PASSWORD, type PeopleDoor, terminal } from './people-door.ts';

/** Attempts to act as somebody one is not, or as more than one is. */

let door: PeopleDoor;
beforeEach(async () => {
  door = openPeopleDoor();
  await door.add('ana', ['admin']);
  await door.add('eve', ['viewer']);
});

const cookieOf = (headers: Headers) => headers.get('set-cookie')?.split(';')[0] ?? '';
const events = (kind: string, tenant = 'acme') =>
  door.store.readEvents({ tenant, limit: 1_000 }).then((all) => all.filter((event) => event.kind === kind));
const signInAs = (name: string, password: string, headers = {}) =>
  door.ask('POST', '/v1/sign-in', { body: { name, password, cookie: true }, headers });

describe('a session', () => {
  it('that was known before the sign-in is worth nothing after it', async () => {
    const eve = await signInAs('eve', PASSWORD);
    // Eve plants her cookie in Ana's browser; Ana signs in.
    const planted = { cookie: cookieOf(eve.headers) };
    const ana = await signInAs('ana', PASSWORD, planted);
    expect(cookieOf(ana.headers)).not.toBe(planted.cookie);
    expect((await door.ask('GET', '/v1/me', { headers: planted })).code).toBe('E_SESSION_ENDED');
    expect((await door.ask('GET', '/v1/me', { headers: { cookie: cookieOf(ana.headers) } })).body['person']).toBe(
      'ana',
    );
  });

  it('is nobody’s where two cookies of its name are sent', async () => {
    const [ana, eve] = [await signInAs('ana', PASSWORD), await signInAs('eve', PASSWORD)];
    const both = { cookie: `${cookieOf(eve.headers)}; ${cookieOf(ana.headers)}` };
    expect((await door.ask('GET', '/v1/me', { headers: both })).code).toBe('E_AUTH_REQUIRED');
  });

  it('in a cookie is out of reach of pages and other sites', async () => {
    const { headers, body } = await signInAs('ana', PASSWORD);
    expect(headers.get('set-cookie')).toMatch(/; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/);
    expect(body).not.toHaveProperty('token');
  });

  it('in a cookie changes nothing unless a page of the gateway’s own asks', async () => {
    const { headers, body } = await signInAs('ana', PASSWORD);
    const cookie = cookieOf(headers);
    const post = (more: Record<string, string>) =>
      door.ask('POST', '/v1/stop', { body: { all: true, reason: 'forged' }, headers: { cookie, ...more } });
    const csrf = String(body['csrf']);
    for (const forged of [
      {},
      { 'x-chaperone-csrf': '' },
      { 'x-chaperone-csrf': csrfOf('another') },
      { 'x-chaperone-csrf': csrf, 'sec-fetch-site': 'cross-site' },
      { 'x-chaperone-csrf': csrf, 'sec-fetch-site': 'same-site' },
    ]) {
      expect((await post(forged)).code, JSON.stringify(forged)).toBe('E_CSRF');
    }
    expect((await post({ 'x-chaperone-csrf': csrf, origin: 'https://evil.test' })).code).toBe('E_ORIGIN');
    expect(door.runtime.asked.filter(([name]) => name === 'stop')).toEqual([]);
    const own = await post({ 'x-chaperone-csrf': csrf, origin: ORIGIN, 'sec-fetch-site': 'same-origin' });
    expect(own.status).toBe(200);
  });

  it('ends unused, in the end anyway, with its account, and when it is revoked', async () => {
    const state = async (token: string) => (await door.ask('GET', '/v1/me', { token })).code ?? 'lives';
    const idle = await door.signIn('eve');
    door.advance(30 * 60_000);
    expect(await state(idle)).toBe('E_SESSION_ENDED');
    const busy = await door.signIn('eve');
    for (let minutes = 0; minutes < 12 * 60 - 20; minutes += 20) {
      expect(await state(busy), `after ${minutes}`).toBe('lives');
      door.advance(20 * 60_000);
    }
    door.advance(20 * 60_000);
    expect(await state(busy)).toBe('E_SESSION_ENDED');
    const revoked = await door.signIn('eve');
    await door.ask('DELETE', '/v1/people/eve/sessions', { token: await door.signIn('ana') });
    expect(await state(revoked)).toBe('E_SESSION_ENDED');
    const disabled = await door.signIn('eve');
    await changePerson(door.desk, terminal(), 'eve', { disabled: true });
    expect(await state(disabled)).toBe('E_SESSION_ENDED');
    await expect(door.signIn('eve')).rejects.toThrow('E_SIGN_IN');
  });

  it('is not what a guess or its digest is', async () => {
    await door.signIn('ana');
    const [session] = await door.store.listSessions('acme', 'ana', 1);
    for (const token of [`chs_${session?.hash}`, session?.hash ?? '', 'chs_', `chs_${'A'.repeat(43)}`]) {
      expect((await door.ask('GET', '/v1/me', { token })).status, token).toBe(401);
    }
  });
});

describe('a key', () => {
  it('is worth nothing once it was revoked, has expired, or its person may no more', async () => {
    const issue = async (lifetime?: string) => {
      const body = { person: 'eve', name: 'k', roles: ['viewer'], ...(lifetime === undefined ? {} : { lifetime }) };
      const { body: issued } = await door.ask('POST', '/v1/keys', { token: await door.signIn('ana'), body });
      return { secret: String(issued['secret']), id: String((issued['key'] as { id: string }).id) };
    };
    const state = async (token: string) => (await door.ask('GET', '/v1/events', { token })).code ?? 'lives';
    const [short, long, gone] = [await issue('1h'), await issue(), await issue()];
    expect(await state(short.secret)).toBe('lives');
    door.advance(3_600_000);
    expect(await state(short.secret)).toBe('E_TOKEN_INVALID');
    await door.ask('DELETE', `/v1/keys/${gone.id}`, { token: await door.signIn('ana') });
    expect(await state(gone.secret)).toBe('E_TOKEN_INVALID');
    expect(await state(long.secret)).toBe('lives');
    await changePerson(door.desk, terminal(), 'eve', { roles: [] });
    expect(await state(long.secret)).toBe('E_ROLE_MISSING');
    await changePerson(door.desk, terminal(), 'eve', { roles: ['viewer'], disabled: true });
    expect(await state(long.secret)).toBe('E_TOKEN_INVALID');
  });

  it('does not let its person do more, or be a second one', async () => {
    const token = await door.signIn('ana');
    const more = await door.ask('POST', '/v1/keys', { token, body: { person: 'eve', name: 'k', roles: ['admin'] } });
    expect(more.code).toBe('E_ROLE_MISSING');
    const { body } = await door.ask('POST', '/v1/keys', {
      token,
      body: { person: 'ana', name: 'k', roles: ['admin'] },
    });
    await door.ask('POST', '/v1/stop', { token, body: { all: true, reason: 'x' } });
    await door.ask('POST', '/v1/resume', { token: String(body['secret']), body: { all: true, reason: 'x' } });
    const acts = door.runtime.asked.filter(([name]) => name === 'stop' || name === 'resume');
    expect(acts.map(([, , by]) => (by as { person: string }).person)).toEqual(['ana', 'ana']);
  });

  it('stands nowhere once it was shown', async () => {
    const token = await door.signIn('ana');
    const { body } = await door.ask('POST', '/v1/keys', {
      token,
      body: { person: 'ana', name: 'k', roles: ['admin'] },
    });
    const state = JSON.stringify([
      await door.store.listKeys('acme', 10),
      await door.store.listPeople('acme', 10),
      await door.store.listSessions('acme', 'ana', 10),
      await door.store.readEvents({ tenant: 'acme', limit: 1_000 }),
    ]);
    for (const secret of [String(body['secret']), token, PASSWORD]) expect(state).not.toContain(secret);
  });
});

describe('a signed token', () => {
  const sign = (claims: Record<string, string | string[]>, audience = AUDIENCE) =>
    door.desk.signer.sign(claims, audience, door.desk.clock.nowMs() + 3_600_000);

  it('says nothing of roles: the account does, or the manifest', async () => {
    const forged = await sign({ kind: 'person', sub: 'eve', tenant: 'acme', roles: ['admin'] });
    expect((await door.ask('GET', '/v1/people', { token: forged })).code).toBe('E_TOKEN_INVALID');
    const plain = await sign({ kind: 'person', sub: 'eve', tenant: 'acme' });
    expect((await door.ask('GET', '/v1/people', { token: plain })).code).toBe('E_ROLE_MISSING');
    expect((await door.ask('GET', '/v1/me', { token: plain })).body['roles']).toEqual(['viewer']);
    const unknown = await sign({ kind: 'person', sub: 'somebody', tenant: 'acme' });
    expect((await door.ask('GET', '/v1/me', { token: unknown })).body['roles']).toEqual(['approver']);
  });

  it('of an admin changes no accounts: nobody is there', async () => {
    const token = await sign({ kind: 'person', sub: 'ana', tenant: 'acme' });
    const made = await door.ask('POST', '/v1/people', { token, body: { name: 'mallory', roles: ['admin'] } });
    expect(made.code).toBe('E_FRESH_SIGN_IN');
    expect(await door.store.readPerson('acme', 'mallory')).toBeUndefined();
  });

  it('for a challenge or an enrolment is not one for the door, nor the other way', async () => {
    const code = await issueEnrolment(door.desk, door.desk.signer, terminal(), 'ana');
    expect((await door.ask('GET', '/v1/me', { token: code })).code).toBe('E_TOKEN_INVALID');
    const token = await sign({ kind: 'person', sub: 'ana', tenant: 'acme' });
    expect((await door.ask('POST', '/v1/sign-in/enrolment', { body: { code: token } })).code).toBe('E_TOKEN_INVALID');
  });

  it.each([
    ['everything of theirs was revoked', (token: string) => door.ask('DELETE', '/v1/people/eve/sessions', { token })],
    ['a role was taken away', (token: string) => door.ask('POST', '/v1/people/eve', { token, body: { roles: [] } })],
    [
      'the account was disabled for a while',
      async (token: string) => {
        await door.ask('POST', '/v1/people/eve', { token, body: { disabled: true } });
        return door.ask('POST', '/v1/people/eve', { token, body: { disabled: false } });
      },
    ],
  ])('to enrol is void once %s', async (_, change) => {
    const code = await issueEnrolment(door.desk, door.desk.signer, terminal(), 'eve');
    expect((await change(await door.signIn('ana'))).status).toBe(200);
    const used = await door.ask('POST', '/v1/sign-in/enrolment', { body: { code } });
    expect(used.code).toBe('E_TICKET');
    const next = await issueEnrolment(door.desk, door.desk.signer, terminal(), 'eve');
    expect((await door.ask('POST', '/v1/sign-in/enrolment', { body: { code: next } })).status).toBe(200);
  });

  it('to enrol is good once', async () => {
    const code = await issueEnrolment(door.desk, door.desk.signer, terminal(), 'eve');
    expect((await door.ask('POST', '/v1/sign-in/enrolment', { body: { code } })).status).toBe(200);
    expect((await door.ask('POST', '/v1/sign-in/enrolment', { body: { code } })).code).toBe('E_TICKET');
  });
});

describe('another tenant', () => {
  it('has nobody of this one, and nothing that is worth anything here', async () => {
    const state = newMemoryState();
    const here = openPeopleDoor({ store: openMemoryStore(state) });
    const there = openPeopleDoor({ store: openMemoryStore(state), tenant: 'other' });
    await here.add('ana', ['admin']);
    await there.add('ana', ['viewer']);
    await there.add('zoe', ['admin']);
    const foreign = await there.signIn('zoe');
    expect((await here.ask('GET', '/v1/people', { token: foreign })).code).toBe('E_TOKEN_INVALID');
    const { body } = await there.ask('POST', '/v1/keys', {
      token: foreign,
      body: { person: 'zoe', name: 'k', roles: ['admin'] },
    });
    expect((await here.ask('GET', '/v1/people', { token: String(body['secret']) })).code).toBe('E_TOKEN_INVALID');
    await expect(here.signIn('zoe')).rejects.toThrow('E_SIGN_IN');
    const token = await here.signIn('ana');
    const listed = await here.ask('GET', '/v1/people', { token });
    expect((listed.body['people'] as { name: string }[]).map(({ name }) => name)).toEqual(['ana']);
    expect((await here.ask('POST', '/v1/people/zoe', { token, body: { disabled: true } })).code).toBe('E_NOT_FOUND');
    const [key] = await there.store.listKeys('other', 1);
    expect((await here.ask('DELETE', `/v1/keys/${key?.id}`, { token })).code).toBe('E_NOT_FOUND');
    expect((await here.ask('DELETE', '/v1/people/zoe/sessions', { token })).code).toBe('E_NOT_FOUND');
    expect((await there.ask('GET', '/v1/me', { token: foreign })).status).toBe(200);
  });
});

describe('guessing', () => {
  /** How many times a password was hashed meanwhile. */
  async function countHashes(act: () => Promise<unknown>): Promise<number> {
    let count = 0;
    const hook = createHook({ init: (_id, type) => void (type === 'SCRYPTREQUEST' && count++) }).enable();
    try {
      await act();
    } finally {
      hook.disable();
    }
    return count;
  }

  it('tells nothing of who has an account: the same answer after the same work', async () => {
    await door.add('gone', ['viewer']);
    await changePerson(door.desk, terminal(), 'gone', { disabled: true });
    const answers = new Map<string, unknown>();
    for (const [name, password] of [
      ['ana', 'wrong'],
      ['nobody-of-that-name', 'wrong'],
      ['gone', PASSWORD],
    ] as const) {
      const hashes = await countHashes(async () => {
        const { status, body, headers } = await signInAs(name, password);
        answers.set(name, JSON.stringify([status, body, [...headers]]));
      });
      expect(hashes, name).toBe(1);
    }
    expect(new Set(answers.values()).size).toBe(1);
    const refused = await events('sign-in.refused');
    expect(refused.map(({ body }) => body['why'])).toEqual(['wrong', 'unknown', 'disabled']);
    expect(JSON.stringify(refused), 'what was typed as a name may be a password').not.toContain('nobody-of-that-name');
  });

  it('makes the store work as much for a name that is there as for one that is not, locked or not', async () => {
    const inner = openMemoryStore();
    const did: string[] = [];
    const watched: Store = {
      ...inner,
      readPerson: (...args) => {
        did.push('readPerson');
        return inner.readPerson(...args);
      },
      readSignIn: (...args) => {
        did.push('readSignIn');
        return inner.readSignIn(...args);
      },
      commit: async (changes) => {
        const result = await inner.commit(changes);
        did.push(result.ok ? 'committed' : 'refused');
        return result;
      },
    };
    const watchedDoor = openPeopleDoor({ store: watched });
    await watchedDoor.add('ana', ['viewer']);
    await watchedDoor.add('gone', ['viewer']);
    await changePerson(watchedDoor.desk, terminal(), 'gone', { disabled: true });
    const workFor = async (name: string) => {
      watchedDoor.advance(10_000);
      did.length = 0;
      const hashes = await countHashes(() =>
        watchedDoor.ask('POST', '/v1/sign-in', { body: { name, password: 'wrong' } }),
      );
      return [...did, hashes];
    };
    const expected = ['readPerson', 'readSignIn', 'committed', 'committed', 1];
    for (const name of ['ana', 'nobody-of-that-name', 'gone', 'another', 'nobody-of-that-name'])
      expect(await workFor(name), name).toEqual(expected);
    for (let i = 0; i < 8; i++) expect(await workFor('ana'), `wrong again, ${i}`).toEqual(expected);
    const whys = (await inner.readEvents({ tenant: 'acme', kinds: ['sign-in.refused'], limit: 100 })).map(
      ({ body }) => body['why'],
    );
    expect(whys, 'it came to that').toContain('locked');
    expect(JSON.stringify(await inner.readSignIn('acme', '')), 'names that are not there are not kept').not.toContain(
      'nobody',
    );
    expect(await inner.readSignIn('acme', 'nobody-of-that-name')).toBeUndefined();
  });

  it('ends after a few wrong ones, however many come at once, and says no more than before', async () => {
    const wrong = await Promise.all(Array.from({ length: 20 }, () => signInAs('ana', 'wrong')));
    expect(new Set(wrong.map(({ code }) => code))).toEqual(new Set(['E_SIGN_IN']));
    const whys = (await events('sign-in.refused')).map(({ body }) => body['why']);
    expect(whys.filter((why) => why === 'wrong').length).toBe(5);
    door.advance(4_000);
    expect((await signInAs('ana', PASSWORD)).code, 'the right one, too soon').toBe('E_SIGN_IN');
    door.advance(60_000);
    expect((await signInAs('ana', PASSWORD)).status).toBe(200);
  });

  it('from one address is slowed down, under whatever names', async () => {
    const codes: unknown[] = [];
    for (let i = 0; i < 25; i++) codes.push((await signInAs(`name-${i}`, 'wrong')).code);
    expect(codes.slice(0, 20)).toEqual(Array(20).fill('E_SIGN_IN'));
    expect(codes.slice(20)).toEqual(Array(5).fill('E_BUSY'));
  });

  it('is not made easy by a password that everybody tries', async () => {
    const token = await door.signIn('eve');
    for (const password of ['short', 'passwordpassword', 'eve-eve-eve-eve', 'aaaaaaaaaaaaaaaa', 'x'.repeat(257)]) {
      const set = await door.ask('POST', '/v1/me/password', { token, body: { password } });
      expect(set.code, password).toBe('E_PASSWORD_WEAK');
    }
  });
});

describe('an admin', () => {
  it('is always left, also when two take each other away at once', async () => {
    await door.add('bo', ['admin']);
    const results = await Promise.allSettled([
      changePerson(door.desk, terminal(), 'ana', { roles: [] }),
      changePerson(door.desk, terminal(), 'bo', { disabled: true }),
    ]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'E_LAST_ADMIN' } });
  });

  it('is not made by anybody without one, and whoever changes what stands in the record', async () => {
    const token = await door.signIn('eve');
    const made = await door.ask('POST', '/v1/people/eve', { token, body: { roles: ['admin'] } });
    expect(made.code).toBe('E_ROLE_MISSING');
    const boss = await door.signIn('ana');
    expect((await door.ask('POST', '/v1/people/eve', { token: boss, body: { roles: ['security'] } })).status).toBe(200);
    expect((await events('person.changed')).at(-1)?.body).toMatchObject({
      person: 'eve',
      by: 'ana',
      presence: 'session',
      roles: ['security'],
      before: ['viewer'],
    });
  });

  it('who signed in long ago changes nothing', async () => {
    const token = await door.signIn('ana');
    door.advance(11 * 60_000);
    const body = { name: 'mallory', roles: ['admin'] };
    expect((await door.ask('POST', '/v1/people', { token, body })).code).toBe('E_FRESH_SIGN_IN');
  });
});
