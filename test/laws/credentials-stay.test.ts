import { spawn } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MaskIndex } from '../../src/adapters/tools/mcp/create-mask.ts';
import { Secret } from '../../src/base/secret.ts';
import { MaskedAnswer } from '../../src/doors/egress/masked-answer.ts';
import { closeServer, listen } from '../attacks/egress-world.ts';
import {
  AWS_LOGIN,
  type Issuer,
  LOGIN,
  listMade,
  SESSION_ID,
  SESSION_TOKEN,
  startDoppler,
  startKubernetes,
  startSecretsManager,
  startSts,
  startVault,
} from '../conformance/credentials/issuers.ts';
import { issueToken, main, newFolder, type RunningGateway, runCommand, startGateway } from '../e2e/start-gateway.ts';

/*
 * Law 10 for what the broker holds: canary secrets of every kind of source are put into real requests, and a host that
 * repeats them in whatever way it likes is asked. They are in no byte that the client gets, that is recorded, logged,
 * printed, told to telemetry or exported, or that lies in the data folder. Assumes that a host that may have a credential does not hide it on purpose: encrypted, or in pieces.
 */

const CANARIES = {
  kept: 'plum-otter-kept-4f1a9c2e77',
  given: 'plum-otter-given-8d20b1f3',
  issued: 'plum-otter-issued-1c9e5d7a',
  client: 'plum-otter-client-62bb04e1',
} as const;
const received: string[] = [];
/** What telemetry was told. */
const told: string[] = [];
/** What each issuer only keeps is another value. */
const ISSUERS = [startVault, startDoppler, startKubernetes, startSecretsManager, startSts] as const;
const issuers: Issuer[] = [];
const tokens: string[] = [];
let folder: string;
let dispose: () => Promise<void>;
let gateway: RunningGateway;
let upstreamPort: number;
let doorPort: number;
let token: string;

/** Repeats what it was sent, in the way that the path names. */
function repeat(request: IncomingMessage, response: ServerResponse): void {
  const sent = request.headers.authorization ?? String(request.headers['x-key'] ?? '');
  received.push(sent);
  const secret = sent.replace(/^\w+ /, '');
  const ways: Record<string, () => void> = {
    '/plain': () => response.end(`you sent ${sent}`),
    '/json': () => response.end(JSON.stringify({ headers: request.headers })),
    '/base64': () => response.end(Buffer.from(`before ${secret} after`).toString('base64')),
    '/hex': () => response.end(Buffer.from(secret).toString('hex')),
    '/url': () => response.end(`?a=${encodeURIComponent(secret)}&b=1`),
    '/header': () => response.writeHead(200, { 'x-echo': sent, link: `<http://x/?k=${secret}>` }).end('ok'),
    '/status': () => response.writeHead(200, `OK ${secret}`).end('ok'),
    '/redirect': () => response.writeHead(302, { location: `http://evil.test/?k=${secret}` }).end(),
    '/error': () => response.writeHead(500).end(`failed with ${sent}`),
    '/pieces': () => {
      for (const char of `${'x'.repeat(3_000)}${sent}${'y'.repeat(3_000)}`) response.write(char);
      response.end();
    },
    '/packed': () => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(sent)),
    '/trailer': () => {
      response.writeHead(200, { trailer: 'x-echo' });
      response.write('ok');
      response.addTrailers({ 'x-echo': secret });
      response.end();
    },
    '/broken': () => {
      response.write(`begins ${sent.slice(0, -3)}`);
      response.destroy();
    },
  };
  (ways[request.url ?? ''] ?? (() => response.end('?')))();
}

const upstream = createServer(async (request, response) => {
  if (request.url?.startsWith('/told') === true) {
    for await (const chunk of request) told.push((chunk as Buffer).toString('latin1'));
    return void response.end();
  }
  if (request.url !== '/token') return repeat(request, response);
  tokens.push(request.headers.authorization ?? '');
  request.resume();
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({ access_token: CANARIES.issued, token_type: 'Bearer', expires_in: 600, scope: 'read admin' }),
  );
});

beforeAll(async () => {
  upstreamPort = await listen(upstream);
  const probe = createServer();
  doorPort = await listen(probe);
  await closeServer(probe);
  ({ folder, dispose } = await newFolder(''));
  for (const [index, start] of ISSUERS.entries()) {
    const issuer = await start();
    issuer.kept = `plum-otter-kept-there-${index}-9a1f`;
    issuers.push(issuer);
  }
  const [vault = '', doppler = '', cluster = '', secrets = '', sts = ''] = issuers.map(({ url }) => url);
  const put = 'hosts: [api.test], headers: [Authorization, X-Key], plain: true';
  await writeFile(
    join(folder, 'chaperone.yaml'),
    `version: 1
data: data
credentials:
  kept: { ${put} }
  client: { ${put}, agents: [nobody] }
  login: { kind: environment, variable: LOGIN }
  aws-login: { kind: environment, variable: AWS_LOGIN }
  vaulted: { kind: vault, url: "${vault}", path: secret/data/one, login: login, ${put} }
  made: { kind: vault, url: "${vault}", path: database/creds/reader, fields: [password], login: login, ${put} }
  doppled: { kind: doppler, url: "${doppler}", project: web, config: prd, secret: API_KEY, login: login, ${put} }
  clustered: { kind: kubernetes, url: "${cluster}", namespace: agents, serviceAccount: agent, login: login, ${put} }
  managed: { kind: aws-secret, url: "${secrets}", secret: prod/one, fields: [key], region: eu-central-1, login: aws-login, ${put} }
  role: { kind: aws-role, url: "${sts}", role: "arn:aws:iam::123456789012:role/agent", region: eu-central-1, login: aws-login, ${put} }
  given: { kind: environment, variable: GIVEN, ${put} }
  issued:
    kind: client-credentials
    tokenUrl: http://127.0.0.1:${upstreamPort}/token
    clientId: chaperone
    clientSecret: client
    scopes: [read]
    uses: { read: ["GET /plain"], admin: ["DELETE *"] }
    ${put.replaceAll(/, (?=headers|plain)/g, '\n    ')}
egress:
  listen: { port: ${doorPort} }
  allow:
    - { host: api.test, ports: [${upstreamPort}], addresses: [127.0.0.1] }
    - { host: other.test, ports: [${upstreamPort}], addresses: [127.0.0.1] }
agents: { agent: {} }
telemetry:
  sinks:
    lines: { kind: file, to: told.jsonl }
    hook: { kind: webhook, to: "http://127.0.0.1:${upstreamPort}/told/hook", secret: { secret: env:HOOK } }
    traces: { kind: otlp, to: "http://127.0.0.1:${upstreamPort}/told/traces" }
`,
  );
  for (const name of ['kept', 'client'] as const) expect(await pipe(['cred', 'add', name], CANARIES[name])).toBe(0);
  gateway = await startGateway(folder, surroundings());
  token = await issueToken(folder, 'agent', 'agent');
}, 300_000);
afterAll(async () => {
  await gateway.stop();
  await closeServer(upstream);
  for (const issuer of issuers) await issuer.close();
  await dispose();
});

const surroundings = () => ({
  ...process.env,
  GIVEN: CANARIES.given,
  LOGIN,
  AWS_LOGIN,
  HOOK: 'plum-otter-hook-of-thirty-two-chars-0f',
});

/** Everything that is secret here, whoever made it. */
function listSecrets(): readonly string[] {
  const aws = [SESSION_ID, SESSION_TOKEN, AWS_LOGIN.split(':')[1] ?? ''];
  return [...Object.values(CANARIES), LOGIN, ...aws, ...issuers.map(({ kept }) => kept), ...listMade()];
}

/** Runs a command of the command line with a value on stdin. */
function pipe(args: readonly string[], value: string): Promise<number | null> {
  const child = spawn(process.execPath, [main, ...args], { cwd: folder, stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(`${value}\n`);
  return new Promise((resolve) => child.once('close', resolve));
}

/** Everything that a client gets of one request, as text. */
function ask(path: string, headers: Record<string, string>, host = 'api.test'): Promise<string> {
  return new Promise((resolve) => {
    const to = `${host}:${upstreamPort}`;
    const login = `Basic ${Buffer.from(`agent:${token}`).toString('base64')}`;
    const sent = httpRequest({
      host: '127.0.0.1',
      port: doorPort,
      path: `http://${to}${path}`,
      agent: false,
      headers: { host: to, 'proxy-authorization': login, 'accept-encoding': 'gzip', ...headers },
    });
    sent.once('error', (error) => resolve(`failed: ${error.message}`));
    sent.once('response', (answer) => {
      let text = `${answer.statusCode} ${answer.statusMessage} ${JSON.stringify(answer.rawHeaders)}\n`;
      answer.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1');
      });
      answer.once('close', () => resolve(`${text}\n${JSON.stringify(answer.rawTrailers)}`));
      answer.on('error', () => {});
    });
    sent.end();
  });
}

/** No canary, in any form that a reader would recognise. */
function expectNone(text: string, where: string): void {
  for (const secret of listSecrets()) {
    const bytes = Buffer.from(secret);
    const forms = [secret, bytes.toString('hex'), encodeURIComponent(secret), secret.slice(0, 20)];
    // However the encoding is aligned, its middle is one of three.
    for (const offset of [0, 1, 2]) forms.push(bytes.subarray(offset).toString('base64').slice(0, 20));
    for (const form of forms) if (text.includes(form)) expect.fail(`${where} shows ${form}`);
  }
}

const WAYS = [
  '/plain',
  '/json',
  '/base64',
  '/hex',
  '/url',
  '/header',
  '/status',
  '/redirect',
  '/error',
  '/pieces',
  '/packed',
  '/trailer',
  '/broken',
];

describe('law 10: a credential that the broker holds', () => {
  it.each(['kept', 'given', 'issued'] as const)('reaches its host and never the client: %s', async (name) => {
    for (const path of WAYS) {
      const before = received.length;
      const text = await ask(path, { authorization: `Bearer {{cred:${name}}}` });
      expect(received.slice(before), path).toEqual([`Bearer ${CANARIES[name]}`]);
      expectNone(text, path);
    }
    const basic = Buffer.from(`user:{{cred:${name}}}`).toString('base64');
    expectNone(await ask('/plain', { authorization: `Basic ${basic}` }), 'basic');
    const [, value = ''] = received.at(-1)?.split(' ') ?? [];
    expect(Buffer.from(value, 'base64').toString()).toBe(`user:${CANARIES[name]}`);
    expectNone(await ask('/plain', { 'x-key': `{{cred:${name}}}`, range: 'bytes=0-3' }), 'another header');
  });

  it.each(['vaulted', 'made', 'doppled', 'clustered', 'managed'])(
    'reaches its host from whoever issues it, and never the client: %s',
    async (name) => {
      for (const path of WAYS) {
        const before = received.length;
        const text = await ask(path, { authorization: `Bearer {{cred:${name}}}` });
        const [sent = ''] = received.slice(before);
        expect(listSecrets(), `${path}: ${text}`).toContain(sent.replace('Bearer ', ''));
        expectNone(text, path);
      }
    },
  );

  it('signs for AWS, and shows nothing of what it signs with', async () => {
    const authorization =
      'AWS4-HMAC-SHA256 Credential={{cred:role}}/20260101/eu-central-1/s3/aws4_request, SignedHeaders=host, Signature=0';
    for (const path of WAYS) {
      const before = received.length;
      const text = await ask(path, { authorization });
      expect(received.slice(before).join(), text).toContain(`Credential=${SESSION_ID}/`);
      expectNone(text, path);
    }
    expect(received.join()).not.toContain(listMade().at(-1));
    expectNone(await ask('/plain', { 'x-key': '{{cred:role}}' }), 'a key that is asked for as it is');
  });

  it('had the client’s own secret go to its token endpoint alone', () => {
    const expected = Buffer.from(`chaperone:${CANARIES.client}`).toString('base64');
    expect(new Set(tokens)).toEqual(new Set([`Basic ${expected}`]));
    expect(received.join()).not.toContain(CANARIES.client);
  });

  it('goes to no other host, to no other agent, and nowhere in an address', async () => {
    const before = received.length;
    expect(await ask('/plain', { authorization: 'Bearer {{cred:kept}}' }, 'other.test')).toContain(
      'E_CREDENTIAL_DENIED',
    );
    expect(await ask('/plain', { authorization: 'Bearer {{cred:client}}' })).toContain('E_CREDENTIAL_DENIED');
    expect(await ask('/plain', { authorization: 'Bearer {{cred:nothing}}' })).toContain('E_CREDENTIAL_DENIED');
    expect(received.length).toBe(before);
    await ask('/%7B%7Bcred:kept%7D%7D', {});
    expect(received.slice(before).join()).not.toContain('plum-otter');
  });

  it('is not let out again by whoever got it all the same', async () => {
    const before = received.length;
    for (const name of ['kept', 'given', 'issued'] as const) {
      expect(await ask('/plain', { 'x-key': CANARIES[name] }, 'other.test')).toContain('E_EGRESS_SECRET');
      expect(await ask(`/${CANARIES[name]}`, {}, 'other.test')).toContain('E_EGRESS_SECRET');
      expect(await ask('/plain', {}, `${CANARIES[name]}.test`)).toContain('E_EGRESS_SECRET');
    }
    expect(received.length).toBe(before);
  });

  it('is in no record, no output and no file', { timeout: 400_000 }, async () => {
    const { stdout: record } = await runCommand(folder, ['tail', '--no-follow', '--last', '1000', '--json']);
    expect(record).toContain('"credential.leased"');
    expect(record).toContain('"credentials":["kept"]');
    expectNone(record, 'the record');
    const exported = ['evidence', 'export', '--from', '2020-01-01T00:00:00Z', '--out', 'evidence.tar'];
    await expect.poll(() => told.join().includes('credential'), { timeout: 120_000 }).toBe(true);
    for (const args of [
      ['cred', 'list'],
      ['cred', 'list', '--json'],
      ['cred', 'report'],
      ['status'],
      ['doctor', '--json'],
      exported,
    ]) {
      const { stdout, stderr } = await runCommand(folder, args, surroundings());
      expectNone(stdout + stderr, args.join(' '));
    }
    const { stdout: used } = await runCommand(folder, ['cred', 'report', '--json'], surroundings());
    const issued = JSON.parse(used).credentials.find(({ name }: { name: string }) => name === 'issued');
    expect(issued).toMatchObject({ granted: ['read', 'admin'], more: ['admin'], unused: ['admin'], untold: [] });
    expect(issued.requests).toBeGreaterThan(WAYS.length - 1);
    const archive = await readFile(join(folder, 'evidence.tar'), 'latin1');
    expect(archive).toContain('<!doctype html>');
    expect(archive.includes('credential.leased')).toBe(true);
    expectNone(archive, 'the evidence and its page');
    const lines = await readFile(join(folder, 'told.jsonl'), 'latin1');
    expect(lines.includes('credential.leased')).toBe(true);
    expectNone(lines, 'telemetry in a file');
    expectNone(told.join('\n'), 'telemetry over the network');
    gateway.process.kill('SIGABRT');
    await gateway.stop('SIGKILL');
    expectNone(gateway.stderr(), 'what the gateway said');
    const data = join(folder, 'data');
    const files = (await readdir(data, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    expect(files.map(({ name }) => name)).toEqual(expect.arrayContaining(['kept.age', 'identity.txt', 'store.db']));
    for (const { parentPath, name } of files) expectNone(await readFile(join(parentPath, name), 'latin1'), name);
  });

  it('is masked in an answer however that is cut', () => {
    const secret = 'plum-otter-9e1c';
    const index = new MaskIndex();
    index.add(new Secret('cred:one', secret));
    const mask = (text: string) => index.take(text);
    const looking = { maskText: mask, countOpen: (text: string) => index.countOpen(text) };
    const filler = fc.string({ unit: fc.constantFrom('a', 'b', '-', 'p', 'plum', '\n'), maxLength: 60 });
    const form = fc.constantFrom(
      ...[secret, encodeURIComponent(secret), Buffer.from(secret).toString('hex')],
      ...[
        Buffer.from(`x${secret}`)
          .toString('base64')
          .replace(/^(.{12})/, '$1\r\n'),
        secret.replaceAll('-', '%252D'),
      ],
      ...[secret.replaceAll('-', '\\u002d'), secret.replaceAll('-', '&#45;')],
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(filler, form), { maxLength: 5 }),
        filler,
        fc.array(fc.nat(40)),
        (parts, end, cuts) => {
          const text = parts.map(([before, one]) => `${before}|${one}|`).join('') + end;
          const answer = new MaskedAnswer(looking, secret.length);
          let at = 0;
          let out = '';
          for (const size of cuts) {
            out += answer.push(Buffer.from(text.slice(at, at + size), 'latin1')).toString('latin1');
            at += size;
          }
          out +=
            answer.push(Buffer.from(text.slice(at), 'latin1')).toString('latin1') + answer.end().toString('latin1');
          expect(out).toBe(mask(text));
          expect(out).not.toContain(secret);
          // What no secret begins with is held back from nobody.
          const prompt = new MaskedAnswer(looking, secret.length);
          expect(prompt.push(Buffer.from(`${text}. `, 'latin1')).toString('latin1')).toBe(mask(`${text}. `));
        },
      ),
      { numRuns: 500 },
    );
  });
});
