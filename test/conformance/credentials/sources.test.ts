import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CredentialSources } from '../../../src/app/credentials/open-credentials.ts';
import { openSigner } from '../../../src/app/open-signer.ts';
import { type Clock, systemClock } from '../../../src/base/clock.ts';
import { Fault } from '../../../src/base/fault.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import { manifestSchema } from '../../../src/model/manifest.ts';
import { CredentialBroker, type LeaseOwner } from '../../../src/runtime/credentials/credential-broker.ts';
import {
  AWS_LOGIN,
  BAD_WAYS,
  type Issuer,
  LOGIN,
  listRedirected,
  startDoppler,
  startKubernetes,
  startSecretsManager,
  startSts,
  startTokenEndpoint,
  startVault,
} from './issuers.ts';

/*
 * What every source of credentials has to do that asks an issuer, whatever that makes of it. The sources are those that
 * a manifest opens, and the broker is the one that the gateway has.
 */

interface Rig {
  readonly name: string;
  readonly start: () => Promise<Issuer>;
  readonly config: (url: string) => JsonObject;
  /** Made for each lease, or kept there and the same for all. */
  readonly isMade: boolean;
  /** Whether its issuer takes back what it made. */
  readonly isTakenBack: boolean;
}

const login = { login: 'login' };
const aws = { login: 'aws-login', region: 'eu-central-1' };
const rigs: readonly Rig[] = [
  {
    name: 'Vault, a kept value',
    start: startVault,
    config: (url) => ({ kind: 'vault', url, path: 'secret/data/one', ...login }),
    isMade: false,
    isTakenBack: false,
  },
  {
    name: 'Vault, a made credential',
    start: startVault,
    config: (url) => ({ kind: 'vault', url, path: 'database/creds/reader', fields: ['password'], ...login }),
    isMade: true,
    isTakenBack: true,
  },
  {
    name: 'Vault, as an AppRole',
    start: startVault,
    config: (url) => ({
      kind: 'vault',
      url,
      path: 'database/creds/reader',
      fields: ['username', 'password'],
      roleId: 'role-1',
      ...login,
    }),
    isMade: true,
    isTakenBack: true,
  },
  {
    name: 'AWS, a role',
    start: startSts,
    config: (url) => ({ kind: 'aws-role', url, role: 'arn:aws:iam::123456789012:role/agent', ...aws }),
    isMade: true,
    isTakenBack: false,
  },
  {
    name: 'AWS Secrets Manager',
    start: startSecretsManager,
    config: (url) => ({ kind: 'aws-secret', url, secret: 'prod/one', fields: ['key'], ...aws }),
    isMade: false,
    isTakenBack: false,
  },
  {
    name: 'Doppler',
    start: startDoppler,
    config: (url) => ({ kind: 'doppler', url, project: 'web', config: 'prd', secret: 'API_KEY', ...login }),
    isMade: false,
    isTakenBack: false,
  },
  {
    name: 'Kubernetes, a kept value',
    start: startKubernetes,
    config: (url) => ({ kind: 'kubernetes', url, namespace: 'agents', secret: 'one', ...login }),
    isMade: false,
    isTakenBack: false,
  },
  {
    name: 'Kubernetes, a service account',
    start: startKubernetes,
    config: (url) => ({ kind: 'kubernetes', url, namespace: 'agents', serviceAccount: 'agent', ...login }),
    isMade: true,
    isTakenBack: true,
  },
  {
    name: 'OAuth client credentials',
    start: startTokenEndpoint,
    config: (url) => ({
      kind: 'client-credentials',
      tokenUrl: `${url}/token`,
      revokeUrl: `${url}/revoke`,
      clientId: 'gateway',
      clientSecret: 'login',
    }),
    isMade: true,
    isTakenBack: true,
  },
];

const to = { host: 'api.test', tls: true, headers: ['Authorization'] };
let folder: string;
let laterMs = 0;
const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + laterMs };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-sources-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each(rigs)('$name', ({ start, config, isMade, isTakenBack }) => {
  let issuer: Issuer;
  let broker: CredentialBroker;
  let said: string[];
  let values: Set<string>;

  beforeEach(async () => {
    laterMs = 0;
    issuer = await start();
    [said, values] = [[], new Set()];
    broker = openBroker(config(issuer.url), values);
  });
  afterEach(() => issuer.close());

  function newOwner() {
    const end = new AbortController();
    const owner: LeaseOwner = {
      subject: { tenant: 'default', agent: 'support', runId: 'run_1', callId: 'call_1' },
      signal: end.signal,
      recordCredential: (kind, body) => said.push(JSON.stringify([kind, body])),
    };
    return { owner, end: () => end.abort() };
  }

  /** The value, or the fault, of which everything that is said anywhere is looked at. */
  async function ask(owner: LeaseOwner): Promise<string | undefined> {
    try {
      const { secret } = await broker.lease(owner, 'one', to);
      return secret.reveal();
    } catch (error) {
      expect(error).toBeInstanceOf(Fault);
      expect((error as Fault).code).toBe('E_CREDENTIAL');
      said.push(inspect(error, { depth: 9, showHidden: true }));
      return undefined;
    }
  }

  /** Nothing of what it was asked with, kept or made. */
  function expectNothingTold(): void {
    const text = said.join('\n');
    for (const secret of [LOGIN, AWS_LOGIN.split(':')[1] ?? '', 'plum-otter', ...values])
      expect(text).not.toContain(secret);
  }

  it('leases what its issuer gives, and takes it back where that can be', async () => {
    const [a, b] = [newOwner(), newOwner()];
    const [first, again, second] = [await ask(a.owner), await ask(a.owner), await ask(b.owner)];
    expect(first).toMatch(/plum-otter-(made|kept)-/);
    expect(again).toBe(first);
    expect(second !== first).toBe(isMade);
    expect(issuer.live.size > 0).toBe(isTakenBack);
    a.end();
    await broker.settle();
    if (isTakenBack) {
      expect([...issuer.live].some((one) => first?.endsWith(one))).toBe(false);
      expect([...issuer.live].some((one) => second?.endsWith(one))).toBe(true);
    }
    b.end();
    await broker.settle();
    expect([...issuer.live]).toEqual([]);
    const revoked = said.filter((line) => line.includes('credential.revoked'));
    expect(revoked.map((line) => /"revoked":"(\w+)"/.exec(line)?.[1])).toEqual(
      Array(2).fill(isTakenBack ? 'yes' : 'none'),
    );
    expectNothingTold();
  });

  it.each(BAD_WAYS)('gives nobody anything where its issuer %s, and leaves nothing behind', async (way) => {
    issuer.way = way;
    const { owner, end } = newOwner();
    expect(await ask(owner)).toBeUndefined();
    expectNothingTold();
    expect(listRedirected()).toEqual([]);
    // It is not held against the issuer for ever.
    issuer.way = 'well';
    expect(await ask(owner)).toMatch(/plum-otter/);
    end();
    await broker.settle();
    // What was made in an answer that could not be read is beyond anybody's reach, and ends by itself.
    if (way === 'other' && !isMade) expect([...issuer.live]).toEqual([]);
    expectNothingTold();
  });

  it('takes back what came when nobody waited any more', async () => {
    issuer.way = 'late';
    const { owner, end } = newOwner();
    const asking = ask(owner);
    await expect.poll(() => issuer.asked, { timeout: 10_000 }).toBeGreaterThan(0);
    end();
    expect(await asking).toBeUndefined();
    issuer.release();
    await broker.settle();
    expect([...issuer.live]).toEqual([]);
    expectNothingTold();
  });

  it('asks again when what it has expires, and has the old one taken back', async () => {
    const { owner, end } = newOwner();
    const first = await ask(owner);
    issuer.kept = 'plum-otter-kept-2';
    laterMs = 1_200_000_000_000; // decades: whatever was made has expired by then
    issuer.way = 'well';
    const second = await ask(owner);
    if (!isMade) expect(second).toBe('plum-otter-kept-2');
    expect(second).not.toBe(first);
    end();
    await broker.settle();
    if (isTakenBack) expect([...issuer.live]).toEqual([]);
  });

  if (isTakenBack)
    it('tries again to have it taken back, and says where that did not work', async () => {
      const [a, b] = [newOwner(), newOwner()];
      expect(await ask(a.owner)).toBeDefined();
      issuer.refusals = 2;
      a.end();
      await broker.settle();
      expect([...issuer.live]).toEqual([]);
      expect(await ask(b.owner)).toBeDefined();
      issuer.refusals = 1_000;
      b.end();
      await broker.settle();
      expect(said.filter((line) => line.includes('"revoked":"no"')).length).toBe(1);
      expectNothingTold();
    });

  it('says that it cannot be reached, and that its login is not there', async () => {
    const { owner } = newOwner();
    broker = openBroker(config('http://127.0.0.1:9'), values);
    expect(await ask(owner)).toBeUndefined();
    broker = openBroker({ ...config(issuer.url), login: 'nothing', clientSecret: 'nothing' }, values);
    expect(await ask(newOwner().owner)).toBeUndefined();
    expectNothingTold();
  });
});

function openBroker(config: JsonObject, values: Set<string>): CredentialBroker {
  const environment = { LOGIN, AWS_LOGIN };
  const manifest = manifestSchema.parse({
    version: 1,
    credentials: {
      login: { kind: 'environment', variable: 'LOGIN' },
      'aws-login': { kind: 'environment', variable: 'AWS_LOGIN' },
      one: { hosts: [to.host], ...config },
    },
  });
  const sources = new CredentialSources({
    data: folder,
    clock,
    environment,
    openSigner: () => openSigner(folder, clock),
  });
  const opened = sources.open(manifest, folder);
  return new CredentialBroker({
    clock,
    find: (name) => {
      const [source, known] = [opened.get(name), manifest.credentials[name]];
      return source === undefined || known === undefined ? undefined : { source, config: known };
    },
    hold: (secret) => values.add(secret.reveal()),
    letGo: () => {},
    record: () => {},
    report: () => {},
  });
}
