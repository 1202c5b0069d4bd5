import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import {
  type AccountOptions,
  beginConsent,
  createAccountSource,
  endConsent,
} from '../../../src/adapters/credentials/oauth/account.ts';
import { createClientCredentialsSource } from '../../../src/adapters/credentials/oauth/create-oauth-source.ts';
import { SealedStore } from '../../../src/adapters/credentials/sealed-file/sealed-store.ts';
import { CredentialSources } from '../../../src/app/credentials/open-credentials.ts';
import { openSigner } from '../../../src/app/open-signer.ts';
import { type Clock, systemClock } from '../../../src/base/clock.ts';
import { Fault } from '../../../src/base/fault.ts';
import { Secret } from '../../../src/base/secret.ts';
import { manifestSchema } from '../../../src/model/manifest.ts';
import { closeServer, listen } from '../../attacks/egress-world.ts';
import { CLIENT_SECRET, consentInBrowser, startProvider } from './start-provider.ts';

const signal = AbortSignal.timeout(60_000);
const subject = { tenant: 'default', agent: 'support', runId: 'run_1', callId: 'call_1' };
const request = { name: 'one', subject, signal };

/** What the authorization server itself says of a token. */
async function introspect(issuer: string, token: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${issuer}/token/introspection`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`service:${CLIENT_SECRET}`).toString('base64')}` },
    body: new URLSearchParams({ token }),
  });
  return (await response.json()) as Record<string, unknown>;
}

describe('client credentials, with a certified authorization server', () => {
  const clientOf = (issuer: string, secret: string) => ({
    name: 'one',
    tokenUrl: `${issuer}/token`,
    revokeUrl: `${issuer}/token/revocation`,
    clientId: 'service',
    readSecret: async () => new Secret('cred:client', secret),
  });

  it('are leased one by one, with what was granted, and taken back', async () => {
    await using running = await startProvider();
    const { issuer } = running;
    const source = createClientCredentialsSource({
      client: clientOf(issuer, CLIENT_SECRET),
      clock: systemClock,
      scopes: ['read'],
    });
    const [a, b] = [await source.lease(request), await source.lease(request)];
    expect(a.secret.reveal()).not.toBe(b.secret.reveal());
    expect(a.scopes).toEqual(['read']);
    expect(a.expiresAtMs).toBeGreaterThan(systemClock.nowMs());
    expect(await introspect(issuer, a.secret.reveal())).toMatchObject({
      active: true,
      scope: 'read',
      client_id: 'service',
    });
    await a.revoke?.();
    expect(await introspect(issuer, a.secret.reveal())).toEqual({ active: false });
    expect(await introspect(issuer, b.secret.reveal())).toMatchObject({ active: true });
  });

  it('are not had with a wrong secret, and the fault says nothing of it', async () => {
    await using running = await startProvider();
    const wrong = 'plum-otter-wrong-77';
    const source = createClientCredentialsSource({
      client: clientOf(running.issuer, wrong),
      clock: systemClock,
      scopes: [],
    });
    const error = await source.lease(request).then(
      () => undefined,
      (one: unknown) => one,
    );
    expect(error).toBeInstanceOf(Fault);
    expect((error as Fault).message).toContain('401');
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(wrong);
  });
});

describe('a user’s account, with a certified authorization server', () => {
  it('is connected by consent with PKCE, used, refreshed once for all who ask, and kept sealed', async () => {
    await using running = await startProvider();
    const { issuer } = running;
    const folder = await mkdtemp(join(tmpdir(), 'chaperone-account-'));
    let laterMs = 0;
    const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + laterMs };
    const store = new SealedStore(join(folder, 'credentials'), join(folder, 'keys'), clock);
    const account: AccountOptions = {
      client: { name: 'calendar', tokenUrl: `${issuer}/token`, clientId: 'account' },
      clock,
      scopes: ['openid', 'offline_access', 'read'],
      authorizeUrl: `${issuer}/auth`,
      tokens: { read: () => store.read('calendar'), write: (value) => store.write('calendar', value) },
    };
    const redirectUri = 'http://127.0.0.1:49152/callback';
    const consent = beginConsent(account, redirectUri);
    expect(new URL(consent.url).searchParams.get('code_challenge_method')).toBe('S256');
    const back = await consentInBrowser(`${consent.url}&prompt=consent`);
    const forged = new URLSearchParams({ code: back.searchParams.get('code') ?? '', state: 'another' });
    await expect(endConsent(account, consent, redirectUri, forged)).rejects.toThrow('its state is another');
    const granted = await endConsent(account, consent, redirectUri, back.searchParams);
    expect(granted).toContain('read');
    const source = createAccountSource(account);
    const first = (await source.lease(request)).secret.reveal();
    expect(await introspect(issuer, first)).toMatchObject({ active: true, client_id: 'account' });
    expect((await source.lease(request)).secret.reveal()).toBe(first);
    laterMs = 599_000;
    const renewed = await Promise.all([1, 2, 3].map(async () => (await source.lease(request)).secret.reveal()));
    expect(new Set(renewed).size).toBe(1);
    expect(renewed[0]).not.toBe(first);
    expect(await introspect(issuer, renewed[0] ?? '')).toMatchObject({ active: true });
    // Another process that opens the same files goes on with what was kept.
    const again = new SealedStore(join(folder, 'credentials'), join(folder, 'keys'), clock);
    expect((await again.read('calendar'))?.reveal()).toContain(renewed[0]);
    await rm(folder, { recursive: true });
  });
});

describe('token exchange (RFC 8693)', () => {
  it('sends who acts, signed by this gateway, and leases what is issued', async () => {
    const asked: URLSearchParams[] = [];
    const server = createServer(async (incoming, response) => {
      let body = '';
      for await (const chunk of incoming) body += String(chunk);
      const form = new URLSearchParams(body);
      asked.push(form);
      if (incoming.url === '/revoke') return void response.end();
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          access_token: 'exchanged-token',
          issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
          token_type: 'Bearer',
          expires_in: 60,
        }),
      );
    });
    const port = await listen(server);
    const folder = await mkdtemp(join(tmpdir(), 'chaperone-exchange-'));
    const sources = new CredentialSources({
      data: folder,
      clock: systemClock,
      environment: { USER_TOKEN: 'token-of-ann' },
      openSigner: () => openSigner(folder, systemClock),
    });
    const tokenUrl = `http://127.0.0.1:${port}/token`;
    const manifest = manifestSchema.parse({
      version: 1,
      credentials: {
        ann: { kind: 'environment', variable: 'USER_TOKEN', hosts: ['none.test'] },
        crm: {
          kind: 'token-exchange',
          tokenUrl,
          revokeUrl: `http://127.0.0.1:${port}/revoke`,
          clientId: 'gateway',
          subjectToken: 'ann',
          audience: 'crm',
          scopes: ['contacts.read'],
          hosts: ['crm.test'],
        },
      },
    });
    const lease = await sources.open(manifest, folder).get('crm')?.lease(request);
    expect(lease?.secret.reveal()).toBe('exchanged-token');
    const [form] = asked;
    expect(Object.fromEntries(form ?? [])).toMatchObject({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: 'token-of-ann',
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      actor_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      audience: 'crm',
      scope: 'contacts.read',
      client_id: 'gateway',
    });
    const actor = decodeJwt(form?.get('actor_token') ?? '');
    expect(actor).toMatchObject({ sub: 'support', run: 'run_1', call: 'call_1', aud: tokenUrl });
    await lease?.revoke?.();
    expect(asked.at(-1)?.get('token')).toBe('exchanged-token');
    await closeServer(server);
    await rm(folder, { recursive: true });
  });

  it('narrows a token of a certified authorization server, which says who acts, and has the new one taken back', async () => {
    await using running = await startProvider();
    const { issuer } = running;
    const client = { tokenUrl: `${issuer}/token`, revokeUrl: `${issuer}/token/revocation`, clientId: 'service' };
    const readSecret = async () => new Secret('cred:client', CLIENT_SECRET);
    const own = createClientCredentialsSource({
      client: { ...client, name: 'own', readSecret },
      clock: systemClock,
      scopes: ['read', 'write'],
    });
    const ann = await own.lease(request);
    const folder = await mkdtemp(join(tmpdir(), 'chaperone-exchange-'));
    const open = (userToken: string) =>
      new CredentialSources({
        data: folder,
        clock: systemClock,
        environment: { USER_TOKEN: userToken, CLIENT: CLIENT_SECRET },
        openSigner: () => openSigner(folder, systemClock),
      });
    const manifest = manifestSchema.parse({
      version: 1,
      credentials: {
        ann: { kind: 'environment', variable: 'USER_TOKEN', hosts: ['none.test'] },
        client: { kind: 'environment', variable: 'CLIENT', hosts: ['none.test'] },
        crm: {
          ...client,
          kind: 'token-exchange',
          clientSecret: 'client',
          subjectToken: 'ann',
          scopes: ['read'],
          hosts: ['crm.test'],
        },
      },
    });
    const lease = await open(ann.secret.reveal()).open(manifest, folder).get('crm')?.lease(request);
    const token = lease?.secret.reveal() ?? '';
    expect(token).not.toBe(ann.secret.reveal());
    expect(lease?.scopes).toEqual(['read']);
    expect(await introspect(issuer, token)).toMatchObject({ active: true, scope: 'read', act: { sub: 'support' } });
    await lease?.revoke?.();
    expect(await introspect(issuer, token)).toEqual({ active: false });
    expect(await introspect(issuer, ann.secret.reveal())).toMatchObject({ active: true });

    const stranger = open('plum-otter-nobody').open(manifest, folder).get('crm')?.lease(request);
    await expect(stranger).rejects.toMatchObject({ code: 'E_CREDENTIAL' });
    await rm(folder, { recursive: true });
  });
});
