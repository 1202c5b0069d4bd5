import { mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SealedJournal } from '../../../src/adapters/credentials/sealed-file/sealed-journal.ts';
import { SealedStore } from '../../../src/adapters/credentials/sealed-file/sealed-store.ts';
import { type Clock, systemClock } from '../../../src/base/clock.ts';
import { Fault } from '../../../src/base/fault.ts';
import { limits } from '../../../src/base/limits.ts';
import { Secret } from '../../../src/base/secret.ts';
import type { CredentialSource, JournaledLease } from '../../../src/ports/credentials.ts';
import { CredentialBroker } from '../../../src/runtime/credentials/credential-broker.ts';

let folder: string;
let laterMs: number;
const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + laterMs };

beforeEach(async () => {
  laterMs = 0;
  folder = await mkdtemp(join(tmpdir(), 'chaperone-journal-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function openJournal(): SealedJournal {
  const store = new SealedStore(join(folder, 'credentials'), join(folder, 'keys'), clock);
  return new SealedJournal(join(folder, 'leases'), () => store.identity(), clock);
}

const lease = (id: string): JournaledLease => ({
  id: `lse_${id}`,
  name: 'one',
  subject: { tenant: 'default', agent: 'support', runId: 'run_1' },
  handle: new Secret('cred:one', `plum-otter-handle-${id}`),
  expiresAtMs: 4_000_000_000_000,
});
const outline = (found: readonly JournaledLease[]) => found.map(({ id, handle }) => `${id} ${handle.reveal()}`).sort();

describe('what has to be taken back', () => {
  it('is there for another process once the one that kept it is gone, and for one of them', async () => {
    const [gone, a, b] = [openJournal(), openJournal(), openJournal()];
    for (const id of ['1', '2', '3']) await gone.keep(lease(id));
    await gone.drop('lse_2');
    expect(outline(await a.adopt())).toEqual([]);
    laterMs = limits.credentialProcessMs + 60_000;
    const adopted = await Promise.all([a.adopt(), b.adopt()]);
    expect(outline(adopted.flat())).toEqual(['lse_1 plum-otter-handle-1', 'lse_3 plum-otter-handle-3']);
    expect(adopted.flat()[0]).toEqual(lease(adopted.flat()[0]?.id.slice(4) ?? ''));
    for (const one of ['lse_1', 'lse_3']) for (const journal of [a, b]) await journal.drop(one);
    laterMs *= 2;
    expect(outline(await openJournal().adopt())).toEqual([]);
  });

  it('is left to a process that gives signs of life', async () => {
    const [living, other] = [openJournal(), openJournal()];
    await living.keep(lease('1'));
    for (let minutes = 1; minutes < 12; minutes++) {
      laterMs = minutes * 60_000;
      await living.adopt();
      expect(outline(await other.adopt())).toEqual([]);
    }
  });

  it('is kept again by a process that slept, and has lost to another what it kept before', async () => {
    const [slept, other] = [openJournal(), openJournal()];
    await slept.keep(lease('1'));
    laterMs = limits.credentialProcessMs + 60_000;
    expect(outline(await other.adopt())).toEqual(['lse_1 plum-otter-handle-1']);
    await slept.keep(lease('2'));
    await slept.drop('lse_1');
    const files = await readdir(join(folder, 'leases'), { recursive: true, withFileTypes: true });
    expect(
      files
        .filter((file) => file.isFile())
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(['lse_1.age', 'lse_2.age']);
  });

  it('can be read by nobody without the key, and is not there where writing it was cut short', async () => {
    const gone = openJournal();
    await gone.keep(lease('1'));
    await gone.keep(lease('2'));
    const files = await readdir(join(folder, 'leases'), { recursive: true, withFileTypes: true });
    const paths = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
    expect(paths.length).toBe(2);
    for (const path of paths) expect(await readFile(path, 'latin1')).not.toContain('plum');
    await truncate(paths.find((path) => path.endsWith('lse_1.age')) ?? '', 100);
    laterMs = limits.credentialProcessMs + 60_000;
    expect(outline(await openJournal().adopt())).toEqual(['lse_2 plum-otter-handle-2']);
  });
});

describe('a broker', () => {
  /** An issuer that outlives processes. */
  function newIssuer() {
    const live = new Set<string>();
    let isUp = true;
    const takeBack = async (handle: string) => {
      if (!isUp) throw new Fault('E_CREDENTIAL', 'it is away');
      live.delete(handle);
    };
    const source: CredentialSource = {
      async lease() {
        const value = `plum-otter-${live.size}`;
        live.add(value);
        return { secret: new Secret('cred:one', value), handle: new Secret('', value), revoke: () => takeBack(value) };
      },
      revoke: takeBack,
    };
    const setUp = (up: boolean) => {
      isUp = up;
    };
    return { live, source, setUp };
  }

  function openBroker(source: CredentialSource) {
    const [recorded, reported, held] = [[] as string[], [] as string[], new Set<string>()];
    const end = new AbortController();
    const broker = new CredentialBroker({
      clock,
      find: () => ({ config: { hosts: ['api.test'], plain: false }, source }),
      journal: openJournal(),
      hold: (secret) => held.add(secret.reveal()),
      letGo: (secrets) => secrets.forEach((secret) => void held.delete(secret.reveal())),
      record: (subject, kind, body) => recorded.push(JSON.stringify([subject, kind, body])),
      report: (message) => reported.push(message),
    });
    const owner = {
      subject: { tenant: 'default', agent: 'support', runId: 'run_1' },
      signal: end.signal,
      recordCredential: (kind: string, body: object) => void recorded.push(JSON.stringify([kind, body])),
    };
    const ask = async () =>
      (await broker.lease(owner, 'one', { host: 'api.test', tls: true, headers: ['Authorization'] })).secret.reveal();
    return { broker, recorded, reported, held, ask, end: () => end.abort() };
  }

  it('takes back what a process had leased that was killed', async () => {
    const { live, source } = newIssuer();
    await openBroker(source).ask();
    expect(live.size).toBe(1);
    laterMs = limits.credentialProcessMs + 60_000;
    const next = openBroker(source);
    await next.broker.tidy();
    expect([...live]).toEqual([]);
    expect(next.recorded.join()).toContain('"revoked":"yes"');
    expect(next.recorded.join()).toContain('"runId":"run_1"');
    expect(next.recorded.join()).not.toContain('plum-otter');
  });

  it('tries again until its issuer is back, says so, and then lets the value go', async () => {
    const { live, source, setUp } = newIssuer();
    const { broker, recorded, reported, held, ask, end } = openBroker(source);
    const value = await ask();
    setUp(false);
    end();
    await broker.settle();
    await broker.tidy();
    expect([...live]).toEqual([value]);
    expect(recorded.join()).toContain('"revoked":"no"');
    expect(reported.join()).toContain('it is tried again every minute');
    laterMs = limits.credentialHeldMs * 2;
    await broker.tidy();
    expect([...held]).toEqual([value]);
    setUp(true);
    await broker.tidy();
    expect([...live]).toEqual([]);
    expect(recorded.filter((line) => line.includes('"revoked":"yes"')).length).toBe(1);
    laterMs *= 2;
    await broker.tidy();
    expect([...held]).toEqual([]);
  });

  it('looks for a value until a while after it was taken back, and for so many of them', async () => {
    const { source } = newIssuer();
    const { broker, held, ask, end } = openBroker(source);
    const value = await ask();
    end();
    await broker.settle();
    await broker.tidy();
    expect([...held]).toEqual([value]);
    laterMs = limits.credentialHeldMs;
    await broker.tidy();
    expect([...held]).toEqual([]);
  });

  it('ends whoever lies in a scope, once and for all', async () => {
    const { live, source } = newIssuer();
    const [one, other] = [openBroker(source), openBroker(source)];
    await one.ask();
    await other.ask();
    for (const scope of ['run:run_2', 'agent:default/another', 'tenant:another']) await one.broker.revokeFor(scope);
    expect(live.size).toBe(2);
    await one.broker.revokeFor('run:run_1');
    expect(live.size).toBe(1);
    await expect(one.ask()).rejects.toMatchObject({ code: 'E_CREDENTIAL' });
    await other.broker.revokeFor('all');
    expect([...live]).toEqual([]);
  });
});
