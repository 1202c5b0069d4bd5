import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSealedSource } from '../../../src/adapters/credentials/sealed-file/create-sealed-source.ts';
import { SealedStore } from '../../../src/adapters/credentials/sealed-file/sealed-store.ts';
import { rotateCredential } from '../../../src/app/credentials/rotate-credential.ts';
import { tryCredential } from '../../../src/app/credentials/try-credential.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { CredentialBroker } from '../../../src/runtime/credentials/credential-broker.ts';
import { closeServer, listen } from '../../attacks/egress-world.ts';

let folder: string;
const open = () => new SealedStore(join(folder, 'credentials'), join(folder, 'keys'), systemClock);
const readValue = async (name: string, slot?: 'current' | 'next' | 'previous') =>
  (await open().read(name, slot))?.reveal();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-sealed-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a sealed file', () => {
  it('gives back what was kept, and holds nothing of it that can be read without the key', async () => {
    await open().write('one', 'plum-otter-sealed');
    expect(await readValue('one')).toBe('plum-otter-sealed');
    const bytes = await readFile(join(folder, 'credentials', 'one.age'), 'latin1');
    expect(bytes).toMatch(/^age-encryption\.org\/v1/);
    expect(bytes).not.toContain('plum');
    for (const path of ['credentials/one.age', 'keys/identity.txt'])
      expect((await stat(join(folder, path))).mode & 0o077, path).toBe(0);
    const elsewhere = new SealedStore(join(folder, 'credentials'), join(folder, 'other-keys'), systemClock);
    await expect(elsewhere.read('one')).rejects.toThrow('cannot be opened');
  });

  it('is the same for all who open it at once', async () => {
    await Promise.all(Array.from({ length: 8 }, (_, i) => open().write(`name-${i}`, `value-${i}`)));
    for (let i = 0; i < 8; i++) expect(await readValue(`name-${i}`)).toBe(`value-${i}`);
    expect(await readdir(join(folder, 'keys'))).toEqual(['identity.txt']);
  });

  it('is refused when others can read it, when it is damaged, and when its name leads elsewhere', async () => {
    await open().write('one', 'value');
    const path = join(folder, 'credentials', 'one.age');
    await chmod(path, 0o644);
    await expect(open().read('one')).rejects.toThrow('others can read');
    await chmod(path, 0o600);
    const bytes = await readFile(path);
    await writeFile(path, bytes.with(bytes.length - 1, (bytes.at(-1) ?? 0) ^ 1));
    await expect(open().read('one')).rejects.toThrow('cannot be opened');
    for (const name of ['../one', 'a/b', '', 'a.b']) await expect(open().write(name, 'value')).rejects.toThrow('name');
  });
});

describe('rotation', () => {
  it('never leaves a request without a credential that is good, and ends with the new one alone', async () => {
    const good = new Set(['old-value', 'new-value']);
    const seen: string[] = [];
    const server = createServer((request, response) => {
      const value = String(request.headers.authorization).replace('Bearer ', '');
      seen.push(value);
      response.writeHead(good.has(value) ? 200 : 401).end();
    });
    const url = `http://127.0.0.1:${await listen(server)}/`;
    await open().write('one', 'old-value');
    let isOver = false;
    const refused: string[] = [];
    const asking = (async () => {
      while (!isOver) {
        const value = (await readValue('one')) ?? 'none';
        const response = await fetch(url, { headers: { authorization: `Bearer ${value}` } });
        if (response.status !== 200) refused.push(value);
      }
    })();
    const steps: string[] = [];
    await rotateCredential({
      store: open(),
      name: 'one',
      value: 'new-value',
      canary: (value) => tryCredential({ url, header: 'Authorization', prefix: 'Bearer ' }, value),
      drainMs: 100,
      tell: (step) => steps.push(step),
    });
    good.delete('old-value');
    const from = seen.length;
    await expect.poll(() => seen.length).toBeGreaterThan(from + 3);
    isOver = true;
    await asking;
    expect(refused).toEqual([]);
    expect(steps).toEqual(['created', 'tried', 'switched', 'drained', 'revoked']);
    expect(await readValue('one')).toBe('new-value');
    expect(await readdir(join(folder, 'credentials'))).toEqual(['one.age']);
    await closeServer(server);
  });

  it('reaches who has leased the old value with their next request, and a revoked one reaches nobody', async () => {
    await open().write('one', 'old-value');
    const source = createSealedSource(open());
    const broker = new CredentialBroker({
      clock: systemClock,
      find: () => ({ config: { hosts: ['api.test'], plain: false }, source }),
      hold: () => {},
      letGo: () => {},
      record: () => {},
      report: () => {},
    });
    const owner = {
      subject: { tenant: 'default' },
      signal: new AbortController().signal,
      recordCredential: () => {},
    };
    const lease = async () =>
      (await broker.lease(owner, 'one', { host: 'api.test', tls: true, headers: ['Authorization'] })).secret.reveal();
    expect([await lease(), await lease()]).toEqual(['old-value', 'old-value']);
    const common = { store: open(), name: 'one', canary: undefined, drainMs: 0, tell: () => {} };
    await rotateCredential({ ...common, value: 'new-value' });
    expect(await lease()).toBe('new-value');
    await open().remove('one');
    await expect(lease()).rejects.toMatchObject({ code: 'E_CREDENTIAL' });
  });

  it('leaves everything as it was where the new value does not work, and nobody who asks meanwhile notices', async () => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      const value = String(request.headers.authorization).replace('Bearer ', '');
      seen.push(value);
      response.writeHead(value === 'old-value' ? 200 : 403).end();
    });
    const url = `http://127.0.0.1:${await listen(server)}/`;
    await open().write('one', 'old-value');
    let isOver = false;
    const statuses = new Set<number>();
    const asking = [1, 2, 3].map(async () => {
      while (!isOver) {
        const value = (await readValue('one')) ?? 'none';
        statuses.add((await fetch(url, { headers: { authorization: `Bearer ${value}` } })).status);
      }
    });
    for (let turn = 0; turn < 5; turn++) {
      const rotating = rotateCredential({
        store: open(),
        name: 'one',
        value: `bad-value-${turn}`,
        canary: (value) => tryCredential({ url, header: 'Authorization', prefix: 'Bearer ' }, value),
        drainMs: 0,
        tell: () => {},
      });
      await expect(rotating).rejects.toThrow('the old one stays');
    }
    isOver = true;
    await Promise.all(asking);
    expect([...statuses]).toEqual([200]);
    expect(seen.filter((value) => value.startsWith('bad-value')).length).toBe(5); // the canary’s own
    expect(await readValue('one')).toBe('old-value');
    expect(await readdir(join(folder, 'credentials'))).toEqual(['one.age']);
    await closeServer(server);
  });
});
