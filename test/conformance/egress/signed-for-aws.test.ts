import { createHash } from 'node:crypto';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { AwsV4Signer } from 'aws4fetch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signAws } from '../../../src/adapters/credentials/aws/sign-aws.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { Secret } from '../../../src/base/secret.ts';
import { closeServer, type EgressWorld, listen, openEgressWorld } from '../../attacks/egress-world.ts';
import { type Asked, isSignedForAws } from '../credentials/issuers.ts';

/*
 * An SDK that was given a placeholder as the id of its key, and nonsense as its secret, in front of a service that checks
 * what it is sent: the door signs again, with what was leased.
 */

const KEY = ['ASIAPLUMOTTER', 'plum/otter+secret'] as const;
const SESSION = 'plum/otter+session==';
const wrap = (value: string) => new Secret('cred:aws', value);
const key = { accessKeyId: wrap(KEY[0]), secretAccessKey: wrap(KEY[1]), sessionToken: wrap(SESSION) };

interface Seen extends Asked {
  readonly isSigned: boolean;
}

let world: EgressWorld;
let port: number;
const seen: Seen[] = [];
const service = createServer(async (incoming, response) => {
  seen.push(await read(incoming));
  response.end(`you sent ${JSON.stringify(incoming.headers)}`);
});

async function read(incoming: IncomingMessage): Promise<Seen> {
  let text = '';
  for await (const chunk of incoming) text += String(chunk);
  const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://service');
  const { method = '', headers } = incoming;
  const asked = { method, path: pathname, query: searchParams, headers, text, form: searchParams, json: {} };
  const named = /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(headers.authorization ?? '')?.[1] ?? '';
  return { ...asked, isSigned: isSignedForAws(asked, named, KEY) && headers['x-amz-security-token'] === SESSION };
}

beforeAll(async () => {
  port = await listen(service);
  world = await openEgressWorld({
    egress: { allow: [{ host: 'aws.test', ports: [port], addresses: ['127.0.0.1'], upload: '10MB' }] },
    runtime: {
      leaseCredential: async (_session, name) => ({
        secret: key.secretAccessKey,
        parts: { ...key },
        ...(name === 'plain' ? {} : { sign: (request) => signAws(key, request, systemClock.nowMs()) }),
      }),
    },
  });
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await closeServer(service);
});

/** What an SDK sends. */
async function sign(path: string, to: { service: string; body?: string; headers?: Record<string, string> }) {
  const url = `http://aws.test:${port}${path}`;
  const { headers } = await new AwsV4Signer({
    method: to.body === undefined ? 'GET' : 'POST',
    url,
    headers: to.headers ?? {},
    ...(to.body === undefined ? {} : { body: to.body }),
    accessKeyId: '{{cred:aws}}',
    secretAccessKey: 'nonsense',
    region: 'eu-central-1',
    service: to.service,
  }).sign();
  return Object.fromEntries(headers);
}

function send(path: string, headers: Record<string, string>, body?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({
      socketPath: world.path,
      method: body === undefined ? 'GET' : 'POST',
      path: `http://aws.test:${port}${path}`,
      headers: { host: `aws.test:${port}`, ...headers },
    });
    sent.once('error', reject);
    sent.once('response', async (answer) => {
      let text = String(answer.statusCode);
      for await (const chunk of answer) text += String(chunk);
      resolve(text);
    });
    sent.end(body);
  });
}

describe('a request that is signed', () => {
  it('reaches the service with a signature of the leased key, without a body and with one', async () => {
    const query = '/?Action=ListUsers&Version=2010-05-08&Marker=a%2Fb%20c';
    await send(query, await sign(query, { service: 'iam' }));
    const body = JSON.stringify({ TableName: 'one' });
    const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'DynamoDB_20120810.Scan' };
    await send('/', await sign('/', { service: 'dynamodb', body, headers }), body);
    expect(seen.slice(-2).map(({ isSigned, text }) => [isSigned, text])).toEqual([
      [true, ''],
      [true, body],
    ]);
  });

  it('may name the digest of its body itself, as S3 has it, however large it is', async () => {
    const body = 'x'.repeat(1_500_000);
    const digest = createHash('sha256').update(body).digest('hex');
    const headers = { 'x-amz-content-sha256': digest };
    await send('/bucket/a%20b.txt', await sign('/bucket/a%20b.txt', { service: 's3', body, headers }), body);
    expect(seen.at(-1)?.isSigned).toBe(true);
    expect(await send('/', await sign('/', { service: 'sqs', body }), body)).toMatch(/^403/);
    const pieces = { 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' };
    expect(await send('/b/a', await sign('/b/a', { service: 's3', body: 'a', headers: pieces }), 'a')).toMatch(/^403/);
  });

  it('never carries the key itself, in whatever other place that was asked for', async () => {
    const before = seen.length;
    for (const headers of [
      { authorization: 'Bearer {{cred:aws}}' },
      { 'x-key': '{{cred:aws}}' },
      { authorization: 'AWS4-HMAC-SHA256 Credential={{cred:aws}}/20260101, SignedHeaders=host' },
      { ...(await sign('/', { service: 'iam' })), 'x-more': '{{cred:plain}} {{cred:other}}' },
    ])
      expect(await send('/', headers)).toMatch(/^403/);
    expect(seen.length).toBe(before);
    const sent = await send('/', await sign('/', { service: 'iam' }));
    expect(JSON.stringify(seen.at(-1)?.headers)).not.toContain(KEY[1]);
    expect(sent).toMatch(/^200/);
  });
});
