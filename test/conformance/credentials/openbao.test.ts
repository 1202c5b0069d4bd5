import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { has } from '../../../scripts/needs.ts';
import { createVaultSource, type VaultOptions } from '../../../src/adapters/credentials/vault/create-vault-source.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { Fault } from '../../../src/base/fault.ts';
import { Secret } from '../../../src/base/secret.ts';
import { closeServer, listen } from '../../attacks/egress-world.ts';

/*
 * Against a real OpenBao. Its engine for one-time passwords of SSH is the one that makes credentials under a lease
 * without anything else to talk to, and it tells whether one is good.
 */

const ROOT = 'plum-otter-root-token';
const request = {
  name: 'one',
  subject: { tenant: 'default', agent: 'support' },
  signal: AbortSignal.timeout(120_000),
};

describe.skipIf(!has('bao'))('OpenBao', () => {
  let folder: string;
  let url: string;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chaperone-bao-'));
    const probe = createServer();
    const port = await listen(probe);
    await closeServer(probe);
    url = `http://127.0.0.1:${port}`;
    const args = ['server', '-dev', '-dev-no-store-token', `-dev-root-token-id=${ROOT}`];
    const child = spawn('bao', [...args, `-dev-listen-address=127.0.0.1:${port}`], {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: folder },
      stdio: 'ignore',
    });
    stop = async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    };
    const isUp = () =>
      fetch(`${url}/v1/sys/health`).then(
        ({ ok }) => ok,
        () => false,
      );
    await vi.waitUntil(isUp, { timeout: 60_000, interval: 100 });
    await ask('sys/mounts/ssh', { type: 'ssh' });
    await ask('ssh/roles/otp', { key_type: 'otp', default_user: 'agent', cidr_list: '127.0.0.0/8' });
    await ask('secret/data/github', { data: { value: 'plum-otter-first', user: 'ann' } });
    await ask('sys/auth/approle', { type: 'approle' });
    const rules =
      'path "secret/data/*" { capabilities = ["read"] }\npath "ssh/creds/otp" { capabilities = ["update"] }';
    await ask('sys/policies/acl/agent', { policy: rules });
    await ask('auth/approle/role/agent', { token_policies: ['agent'], token_ttl: '10m' });
  }, 120_000);
  afterAll(async () => {
    await stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function ask(path: string, body?: object, token = ROOT): Promise<{ status: number; json: Answer }> {
    const response = await fetch(`${url}/v1/${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'x-vault-token': token },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, json: text === '' ? {} : (JSON.parse(text) as Answer) };
  }

  interface Answer {
    readonly data?: Readonly<Record<string, string>>;
  }

  const open = (more: Partial<VaultOptions> & Pick<VaultOptions, 'path'>) =>
    createVaultSource({
      name: 'one',
      url,
      fields: ['value'],
      readLogin: async () => new Secret('cred:login', ROOT),
      clock: systemClock,
      ...more,
    });

  it('gives what it keeps, and the next version once there is one', async () => {
    const source = open({ path: 'secret/data/github', fields: ['user', 'value'] });
    const lease = await source.lease(request);
    expect(lease.secret.reveal()).toBe('ann:plum-otter-first');
    expect(lease.revoke).toBeUndefined();
    await ask('secret/data/github', { data: { value: 'plum-otter-second', user: 'ann' } });
    expect((await source.lease(request)).secret.reveal()).toBe('ann:plum-otter-second');
  });

  it('makes a credential for each lease, and takes it back by the lease or by its handle', async () => {
    const source = open({ path: 'ssh/creds/otp', parameters: { ip: '127.0.0.1' }, fields: ['key'] });
    const [a, b, c] = [await source.lease(request), await source.lease(request), await source.lease(request)];
    expect(new Set([a, b, c].map(({ secret }) => secret.reveal())).size).toBe(3);
    expect(a.expiresAtMs).toBeGreaterThan(systemClock.nowMs());
    expect((await ask('ssh/verify', { otp: c.secret.reveal() })).json.data).toMatchObject({ username: 'agent' });
    await a.revoke?.();
    expect((await ask('ssh/verify', { otp: a.secret.reveal() })).status).toBe(400);
    await source.revoke?.(b.handle?.reveal() ?? '');
    expect((await ask('ssh/verify', { otp: b.secret.reveal() })).status).toBe(400);
  });

  it('logs in as an AppRole, and ends that login with everything that was leased by it', async () => {
    const { json } = await ask('auth/approle/role/agent/role-id');
    const secretId = (await ask('auth/approle/role/agent/secret-id', {})).json.data?.['secret_id'] ?? '';
    const source = open({
      path: 'ssh/creds/otp',
      parameters: { ip: '127.0.0.1' },
      fields: ['key'],
      roleId: json.data?.['role_id'] ?? '',
      readLogin: async () => new Secret('cred:login', secretId),
    });
    const lease = await source.lease(request);
    const token = lease.handle?.reveal() ?? '';
    expect((await ask('auth/token/lookup-self', undefined, token)).status).toBe(200);
    await lease.revoke?.();
    expect((await ask('auth/token/lookup-self', undefined, token)).status).toBe(403);
    expect((await ask('ssh/verify', { otp: lease.secret.reveal() })).status).toBe(400);
  });

  it('refuses a wrong token and a wrong path, and what is said of that holds nothing', async () => {
    const wrong = 'plum-otter-wrong-token';
    const sources = [
      open({ path: 'secret/data/github', readLogin: async () => new Secret('cred:login', wrong) }),
      open({ path: 'secret/data/nothing' }),
      open({ path: 'secret/data/github', fields: ['nothing'] }),
    ];
    for (const source of sources) {
      const error = await source.lease(request).then(
        () => undefined,
        (one: unknown) => one,
      );
      expect(error).toBeInstanceOf(Fault);
      expect((error as Fault).code).toBe('E_CREDENTIAL');
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('plum-otter');
    }
  });
});
