import { beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/base/json.ts';
import type { Organisation } from '../../src/ports/organisation.ts';
import { ORIGIN, openPeopleDoor, PASSWORD, type PeopleDoor } from './people-door.ts';
import { SoftwareAuthenticator } from './software-authenticator.ts';

/** Attempts to stay on after one's organisation let one go: by a password, a passkey, a session or a key made before. */

let door: PeopleDoor;
let groups: readonly string[];
/** Says what it is told to: that it is asked rightly is tried with a real provider, in `test/e2e/organisation.test.ts`. */
const organisation: Organisation = {
  begin: async () => ({ url: `${ORIGIN}/there`, kept: { verifier: 'v', state: 's', nonce: 'n' } }),
  finish: async () => ({ name: 'ana', groups }),
};

beforeEach(async () => {
  groups = ['staff'];
  door = openPeopleDoor({ organisation, rolesOfGroups: { staff: ['approver', 'admin'] } });
  await door.add('root', ['admin']);
});

async function comeBack() {
  door.advance(60_000);
  const { headers } = await door.ask('GET', '/v1/sign-in/oidc');
  const cookie = headers.get('set-cookie')?.split(';')[0] ?? '';
  const answer = await door.ask('GET', '/v1/sign-in/oidc/callback?code=c&state=s', { headers: { cookie } });
  const session = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
  return { ...answer, session, csrf: String(answer.body['csrf'] ?? '') };
}

describe('somebody whom their organisation lets in', () => {
  it('sets no password, which would let them in without it', async () => {
    const { session, csrf, status } = await comeBack();
    expect(status).toBe(200);
    const headers = { cookie: session, 'x-chaperone-csrf': csrf, origin: ORIGIN };
    const set = await door.ask('POST', '/v1/me/password', { headers, body: { password: PASSWORD } });
    expect(set.code).toBe('E_REQUEST_INVALID');
    const byPassword = await door.ask('POST', '/v1/sign-in', { body: { name: 'oidc:ana', password: PASSWORD } });
    expect(byPassword.code).toBe('E_SIGN_IN');
  });

  it('is let in by a passkey only for as long as a session may last after that', async () => {
    const { session, csrf } = await comeBack();
    const headers = { cookie: session, 'x-chaperone-csrf': csrf, origin: ORIGIN };
    const device = new SoftwareAuthenticator(ORIGIN);
    const asked = await door.ask('POST', '/v1/me/passkeys/options', { headers });
    const { options, ticket } = asked.body as unknown as { options: JsonObject; ticket: string };
    const added = { ticket, name: 'laptop', response: device.create(options) };
    expect((await door.ask('POST', '/v1/me/passkeys', { headers, body: added })).status).toBe(200);
    const byPasskey = async () => {
      door.advance(60_000);
      const { body } = await door.ask('POST', '/v1/sign-in/passkey/options');
      const question = body as unknown as { options: JsonObject; ticket: string };
      const given = { ticket: question.ticket, response: device.get(question.options) };
      return door.ask('POST', '/v1/sign-in/passkey', { body: given });
    };
    expect((await byPasskey()).status).toBe(200);
    door.advance(12 * 3_600_000);
    expect((await byPasskey()).code).toBe('E_SIGN_IN');
    await comeBack();
    expect((await byPasskey()).status).toBe(200);
  });

  it('has nothing left once no group of theirs has a role: no session, and no key', async () => {
    const { session, csrf } = await comeBack();
    const headers = { cookie: session, 'x-chaperone-csrf': csrf, origin: ORIGIN };
    const made = await door.ask('POST', '/v1/keys', {
      headers,
      body: { person: 'oidc:ana', name: 'k', roles: ['approver'] },
    });
    const key = String(made.body['secret']);
    expect((await door.ask('GET', '/v1/approvals', { token: key })).status).toBe(200);
    groups = ['somebody-else'];
    expect((await comeBack()).code).toBe('E_SIGN_IN');
    expect((await door.ask('GET', '/v1/me', { headers: { cookie: session } })).code).toBe('E_SESSION_ENDED');
    expect((await door.ask('GET', '/v1/approvals', { token: key })).code).toBe('E_ROLE_MISSING');
  });
});
