import { generateKeyPairSync } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/base/json.ts';
import { ORIGIN, openPeopleDoor, type PeopleDoor } from './people-door.ts';
import { type Misbehaviour, SoftwareAuthenticator } from './software-authenticator.ts';

/** Passkeys with real keys and signatures, and everything that is wrong with one that is not the person’s. */

let door: PeopleDoor;
let device: SoftwareAuthenticator;

beforeEach(async () => {
  door = openPeopleDoor();
  await door.add('ana', ['approver']);
  await door.add('eve', ['viewer']);
  device = new SoftwareAuthenticator(ORIGIN);
});

interface Question {
  readonly options: JsonObject;
  readonly ticket: string;
}

async function register(who: string, wrong: Misbehaviour = {}, wish = device): Promise<unknown> {
  const token = await door.signIn(who);
  const { body } = await door.ask('POST', '/v1/me/passkeys/options', { token });
  const { options, ticket } = body as unknown as Question;
  const answer = { ticket, name: 'laptop', response: wish.create(options, wrong) };
  return (await door.ask('POST', '/v1/me/passkeys', { token, body: answer })).code ?? 'added';
}

async function ask(): Promise<Question> {
  door.advance(60_000);
  return (await door.ask('POST', '/v1/sign-in/passkey/options')).body as unknown as Question;
}

async function signIn(wrong: Misbehaviour = {}): Promise<Awaited<ReturnType<PeopleDoor['ask']>>> {
  const { options, ticket } = await ask();
  return door.ask('POST', '/v1/sign-in/passkey', { body: { ticket, response: device.get(options, wrong) } });
}

describe('a passkey', () => {
  it('signs its person in, who counts as there for a while', async () => {
    expect(await register('ana')).toBe('added');
    const { status, body } = await signIn();
    expect(status).toBe(200);
    const token = String(body['token']);
    const presence = async () => (await door.ask('GET', '/v1/me', { token })).body['presence'];
    expect(await presence()).toBe('passkey');
    door.advance(11 * 60_000);
    expect(await presence()).toBe('session');
  });

  it('is asked with a question that is good once', async () => {
    await register('ana');
    const { options, ticket } = await ask();
    const body = { ticket, response: device.get(options) };
    expect((await door.ask('POST', '/v1/sign-in/passkey', { body })).status).toBe(200);
    expect((await door.ask('POST', '/v1/sign-in/passkey', { body })).code).toBe('E_TICKET');
    const late = await ask();
    door.advance(11 * 60_000);
    const answer = { ticket: late.ticket, response: device.get(late.options) };
    expect((await door.ask('POST', '/v1/sign-in/passkey', { body: answer })).code).toBe('E_TICKET');
  });

  it.each<[string, Misbehaviour]>([
    ['of a page of another site', { origin: 'https://evil.test' }],
    ['bound to another name', { host: 'evil.test' }],
    ['that verified nobody', { unverified: true }],
    ['with a challenge of its own', { challenge: Buffer.from('mine').toString('base64url') }],
    ['signed with another key', { key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey }],
    ['in somebody else’s name', { userHandle: Buffer.from('eve').toString('base64url') }],
    ['in nobody’s name', { userHandle: '' }],
  ])('%s signs nobody in', async (_, wrong) => {
    await register('ana');
    expect((await signIn(wrong)).code).toBe('E_SIGN_IN');
    expect((await signIn()).status, 'and is still good when it is right').toBe(200);
  });

  it('whose counter goes back is a copy, and signs nobody in', async () => {
    await register('ana');
    await signIn();
    await signIn();
    device.turnBack();
    expect((await signIn()).code).toBe('E_SIGN_IN');
  });

  it.each<[string, Misbehaviour]>([
    ['by a page of another site', { origin: 'https://evil.test' }],
    ['for another name', { host: 'evil.test' }],
    ['without verifying anybody', { unverified: true }],
    ['for another challenge', { challenge: Buffer.from('mine').toString('base64url') }],
  ])('made %s is not added', async (_, wrong) => {
    expect(await register('ana', wrong)).toBe('E_SIGN_IN');
    expect((await door.store.readPerson('acme', 'ana'))?.passkeys).toEqual([]);
  });

  it('is not added to an account by somebody else, nor by an old session', async () => {
    const { body } = await door.ask('POST', '/v1/me/passkeys/options', { token: await door.signIn('ana') });
    const { options, ticket } = body as unknown as Question;
    const eve = await door.signIn('eve');
    const answer = { ticket, name: 'mine', response: device.create(options) };
    expect((await door.ask('POST', '/v1/me/passkeys', { token: eve, body: answer })).code).toBe('E_TICKET');
    door.advance(11 * 60_000);
    expect((await door.ask('POST', '/v1/me/passkeys/options', { token: eve })).code).toBe('E_FRESH_SIGN_IN');
  });

  it('that was taken away signs nobody in, and the sessions end', async () => {
    await register('ana');
    const { body } = await signIn();
    const token = String(body['token']);
    const path = `/v1/me/passkeys/${device.id.toString('base64url')}`;
    expect((await door.ask('DELETE', path, { token })).status).toBe(200);
    expect((await door.ask('GET', '/v1/me', { token })).code).toBe('E_SESSION_ENDED');
    expect((await signIn()).code).toBe('E_SIGN_IN');
  });
});
