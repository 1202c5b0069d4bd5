import { AwsV4Signer } from 'aws4fetch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type AwsRoleOptions,
  createAwsRoleSource,
  createAwsSecretSource,
} from '../../../src/adapters/credentials/aws/create-aws-source.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { Secret } from '../../../src/base/secret.ts';
import { installS3Server, type S3Server, startS3Server } from '../ledger/s3-server.ts';

/* STS, Secrets Manager and S3 of moto, which holds every request against its signature and against policies. */

const installed = installS3Server();
const request = {
  name: 'one',
  subject: { tenant: 'default', agent: 'support', callId: 'call_1' },
  signal: AbortSignal.timeout(120_000),
};

describe.skipIf(typeof installed === 'string')('a server of AWS’s interfaces', () => {
  let server: S3Server;
  let role: string;
  const loginOf = (secret = server.secretAccessKey) => new Secret('cred:login', `${server.accessKeyId}:${secret}`);
  const common = () => ({
    name: 'one',
    region: 'us-east-1',
    url: server.endpoint.href,
    readLogin: async () => loginOf(),
    clock: systemClock,
  });
  const lease = (more: Partial<AwsRoleOptions> = {}) =>
    createAwsRoleSource({ ...common(), role, lifetimeMs: 900_000, ...more }).lease(request);

  beforeAll(async () => {
    if (typeof installed === 'string') throw new Error(installed);
    server = await startS3Server(installed.program);
    await server.makeBucket('reports');
    role = await server.makeRole('agent');
  });
  afterAll(() => server.stop());

  it('lends a role whose session signs what S3 takes, and nothing that was changed after', async () => {
    const { sign, parts, expiresAtMs = 0 } = await lease();
    expect(parts?.['accessKeyId']?.reveal()).toMatch(/^ASIA/);
    expect(expiresAtMs - systemClock.nowMs()).toBeGreaterThan(600_000);
    const url = new URL('/reports/a.txt', server.endpoint).href;
    const send = async (method: string, body: Buffer, sent = body, to = url) => {
      const headers = await sign?.({ method, url, body, headers: {}, region: 'us-east-1', service: 's3' });
      return fetch(to, {
        method,
        headers: headers ?? {},
        ...(method === 'PUT' ? { body: Uint8Array.from(sent) } : {}),
      });
    };
    expect((await send('PUT', Buffer.from('kept'))).status).toBe(200);
    const got = await send('GET', Buffer.alloc(0));
    expect([got.status, await got.text()]).toEqual([200, 'kept']);
    const elsewhere = new URL('/reports/b.txt', server.endpoint).href;
    expect((await send('GET', Buffer.alloc(0), undefined, elsewhere)).status).toBe(403);
  });

  it('gives nothing to a key that is not the login’s, or to what is no key', async () => {
    await expect(lease({ readLogin: async () => loginOf('another') })).rejects.toMatchObject({ code: 'E_CREDENTIAL' });
    await expect(lease({ readLogin: async () => new Secret('cred:login', 'nothing') })).rejects.toMatchObject({
      code: 'E_CREDENTIAL',
    });
  });

  it('reads what Secrets Manager keeps', async () => {
    const { accessKeyId, secretAccessKey } = server;
    const body = JSON.stringify({ Name: 'prod/one', SecretString: JSON.stringify({ key: 'plum-otter-kept' }) });
    const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'secretsmanager.CreateSecret' };
    const asked = { url: server.endpoint.href, method: 'POST', body, headers, accessKeyId, secretAccessKey };
    const signed = await new AwsV4Signer({ ...asked, service: 'secretsmanager', region: 'us-east-1' }).sign();
    const made = await fetch(signed.url, { method: 'POST', headers: signed.headers, body });
    expect(made.status).toBe(200);
    const leased = await createAwsSecretSource({ ...common(), secret: 'prod/one', fields: ['key'] }).lease(request);
    expect(leased.secret.reveal()).toBe('plum-otter-kept');
    const missing = createAwsSecretSource({ ...common(), secret: 'prod/none', fields: ['key'] }).lease(request);
    await expect(missing).rejects.toMatchObject({ code: 'E_CREDENTIAL' });
  });
});
