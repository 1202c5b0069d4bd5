import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openOidc } from '../../src/adapters/organisations/oidc/open-oidc.ts';
import { peopleSchema } from '../../src/model/people-rules.ts';
import { ORIGIN, openPeopleDoor, type PeopleDoor } from '../attacks/people-door.ts';

/** Sign-in through an organisation: a real OpenID provider on loopback, walked through as a browser would. */

const CALLBACK = `${ORIGIN}/v1/sign-in/oidc/callback`;
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  ana: ['security-team', 'everybody'],
  bo: ['visitors'],
  constructor: ['constructor', '__proto__'],
};

let server: Server;
let issuer: string;
let door: PeopleDoor;
let groups = GROUPS;

beforeAll(async () => {
  server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'chaperone',
        client_secret: 'a-secret-of-the-client',
        redirect_uris: [CALLBACK],
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
    ],
    scopes: ['openid', 'profile', 'email', 'groups'],
    claims: { openid: ['sub'], groups: ['groups'] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, groups: [...(groups[id] ?? [])] }) }),
  });
  server.on('request', provider.callback());
  const rules = peopleSchema.parse({ oidc: { issuer, clientId: 'chaperone', roles: {} } }).oidc;
  if (rules === undefined) throw new Error('no rules');
  door = openPeopleDoor({
    organisation: openOidc(rules, 'a-secret-of-the-client'),
    rolesOfGroups: { 'security-team': ['security', 'approver'], everybody: ['viewer'] },
  });
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

/** Where the gateway sends a browser, and what it keeps. */
async function begin(): Promise<{ url: string; cookie: string }> {
  door.advance(60_000);
  const { status, headers } = await door.ask('GET', '/v1/sign-in/oidc');
  expect(status).toBe(302);
  expect(headers.get('set-cookie')).toMatch(/; HttpOnly; SameSite=Lax;/);
  return { url: headers.get('location') ?? '', cookie: headers.get('set-cookie')?.split(';')[0] ?? '' };
}

/** Signs in at the provider and agrees, as a person would; gives the address it sends the browser back to. */
async function walk(start: string, login: string): Promise<string> {
  const jar = new Map<string, string>();
  let url = start;
  let form: URLSearchParams | undefined;
  for (let step = 0; step < 20; step++) {
    if (url.startsWith(ORIGIN)) return url;
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form === undefined ? {} : { method: 'POST', body: form }),
    });
    form = undefined;
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      jar.set(name, value);
    }
    const text = await response.text();
    const location = response.headers.get('location');
    if (location !== null) {
      url = new URL(location, url).href;
      continue;
    }
    const prompt = /name="prompt" value="(\w+)"/.exec(text)?.[1];
    const action = /action="([^"]+)"/.exec(text)?.[1];
    if (prompt === undefined || action === undefined) throw new Error(`${response.status} ${text.slice(0, 500)}`);
    url = new URL(action, url).href;
    form = new URLSearchParams({ prompt, ...(prompt === 'login' ? { login, password: 'anything' } : {}) });
  }
  throw new Error('no end to it');
}

const comeBack = (url: string, cookie: string) =>
  door.ask('GET', url.slice(ORIGIN.length), { headers: cookie === '' ? {} : { cookie } });

describe('sign-in through an organisation', () => {
  it('lets in whom it vouches for, as what their groups may be', async () => {
    const { url, cookie } = await begin();
    const asked = new URL(url).searchParams;
    expect(asked.get('code_challenge_method')).toBe('S256');
    for (const name of ['state', 'nonce', 'code_challenge']) expect(asked.get(name), name).toMatch(/.{20}/);
    const { status, body, headers } = await comeBack(await walk(url, 'ana'), cookie);
    expect(status).toBe(200);
    expect(body['person']).toBe('oidc:ana');
    expect(new Set(body['roles'] as string[])).toEqual(new Set(['security', 'approver', 'viewer']));
    const session = { cookie: headers.get('set-cookie')?.split(';')[0] ?? '' };
    expect((await door.ask('GET', '/v1/people', { headers: session })).status).toBe(200);
  });

  it('is nobody of here: an account of the same name is somebody else', async () => {
    await door.add('ana', ['admin']);
    const { url, cookie } = await begin();
    expect((await comeBack(await walk(url, 'ana'), cookie)).body['person']).toBe('oidc:ana');
    expect((await door.store.readPerson('acme', 'ana'))?.roles).toEqual(['admin']);
  });

  it('takes roles away with the groups, at the next sign-in', async () => {
    groups = { ana: ['everybody'] };
    const { url, cookie } = await begin();
    expect((await comeBack(await walk(url, 'ana'), cookie)).body['roles']).toEqual(['viewer']);
    groups = GROUPS;
  });

  it.each(['bo', 'constructor', 'nobody'])('lets nobody in whose groups have no role: %s', async (login) => {
    const { url, cookie } = await begin();
    expect((await comeBack(await walk(url, login), cookie)).code).toBe('E_SIGN_IN');
  });

  it('takes an answer only in the browser that asked, once, and as it was given', async () => {
    const mine = await begin();
    const theirs = await begin();
    const back = await walk(mine.url, 'ana');
    expect((await comeBack(back, '')).code, 'without a cookie').toBe('E_TICKET');
    expect((await comeBack(back, theirs.cookie)).code, 'begun elsewhere').toBe('E_SIGN_IN');
    const altered = new URL(back);
    altered.searchParams.set('state', 'another');
    expect((await comeBack(altered.href, mine.cookie)).code, 'another state').toBe('E_SIGN_IN');
    expect((await comeBack(back, mine.cookie)).code, 'a second time').toBe('E_TICKET');
  });
});
