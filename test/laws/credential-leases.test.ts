import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { Fault } from '../../src/base/fault.ts';
import { Secret } from '../../src/base/secret.ts';
import type { CredentialSource, LeasedCredential } from '../../src/ports/credentials.ts';
import { CredentialBroker, type LeaseOwner } from '../../src/runtime/credentials/credential-broker.ts';

/*
 * Whatever a source of credentials does (late, twice, wrong, never, or fails), an owner gets a value that is theirs
 * and good, or none; and everything that was leased is taken back once its owner has ended.
 */

interface Issued {
  readonly value: string;
  revoked: number;
}

/** An owner, and what was recorded of it. */
function newOwner(agent = 'agent') {
  const end = new AbortController();
  const recorded: (readonly [string, Record<string, unknown>])[] = [];
  const owner: LeaseOwner = {
    subject: { tenant: 'default', agent },
    signal: end.signal,
    recordCredential: (kind, body) => recorded.push([kind, body]),
  };
  return { owner, recorded, end: () => end.abort() };
}

const config = { hosts: ['api.test', '*.wide.test'], plain: false };
const to = { host: 'api.test', tls: true, headers: ['Authorization'] };

function newBroker(source: CredentialSource, held: string[] = []) {
  return new CredentialBroker({
    clock: systemClock,
    find: (name) => (name === 'one' ? { config, source } : undefined),
    hold: (secret) => held.push(secret.reveal()),
    letGo: () => {},
    record: () => {},
    report: () => {},
  });
}

const BEHAVIOURS = [
  'at once',
  'later',
  'late',
  'empty',
  'split',
  'expired',
  'again',
  'fails',
  'throws',
  'nothing',
] as const;
type Behaviour = (typeof BEHAVIOURS)[number];

/** A source that behaves as it is told, one behaviour after another. */
function newSource(behaviours: readonly Behaviour[]) {
  const issued: Issued[] = [];
  const waiting: (() => void)[] = [];
  let last: LeasedCredential | undefined;
  let turn = 0;
  const issue = (value: string, more: Partial<LeasedCredential> = {}): LeasedCredential => {
    const one: Issued = { value, revoked: 0 };
    issued.push(one);
    last = {
      secret: new Secret('cred:one', value),
      revoke: async () => {
        one.revoked += 1;
      },
      ...more,
    };
    return last;
  };
  const source: CredentialSource = {
    lease() {
      const behaviour = behaviours[turn++ % behaviours.length] ?? 'at once';
      const value = `value-${turn}`;
      if (behaviour === 'throws') throw new Error('a source that breaks');
      if (behaviour === 'fails') return Promise.reject(new Fault('E_CREDENTIAL', 'it failed'));
      if (behaviour === 'nothing') return Promise.resolve(undefined as unknown as LeasedCredential);
      if (behaviour === 'empty') return Promise.resolve(issue(''));
      if (behaviour === 'split') return Promise.resolve(issue('a\r\nX-Evil: b'));
      if (behaviour === 'expired') return Promise.resolve(issue(value, { expiresAtMs: 1 }));
      if (behaviour === 'again' && last !== undefined) return Promise.resolve(last);
      if (behaviour === 'later') return new Promise((resolve) => setImmediate(() => resolve(issue(value))));
      if (behaviour === 'late') return new Promise((resolve) => waiting.push(() => resolve(issue(value))));
      return Promise.resolve(issue(value));
    },
  };
  return { source, issued, answerLate: () => waiting.splice(0).forEach((answer) => void answer()) };
}

describe('a leased credential', () => {
  it('is good and its owner’s own, and is taken back when that ends, whatever its source does', async () => {
    const behaviours = fc.array(fc.constantFrom(...BEHAVIOURS), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(
        behaviours,
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 3 }),
        async (does, owners, asks) => {
          const { source, issued, answerLate } = newSource(does);
          const held: string[] = [];
          const broker = newBroker(source, held);
          const all = Array.from({ length: owners }, () => newOwner());
          const given = all.map(({ owner }) =>
            Array.from({ length: asks }, () =>
              broker.lease(owner, 'one', to).then(
                ({ secret }) => {
                  // Known to everything that looks for secrets before anybody has it.
                  expect(held).toContain(secret.reveal());
                  return secret.reveal();
                },
                (error: unknown) => {
                  expect(error).toBeInstanceOf(Fault);
                  return undefined;
                },
              ),
            ),
          );
          await new Promise((resolve) => setTimeout(resolve, 2));
          for (const { end } of all) end();
          answerLate();
          const values = (await Promise.all(given.map((one) => Promise.all(one)))).map((one) => new Set(one));
          await new Promise((resolve) => setImmediate(resolve));
          await broker.settle();
          const seen = new Set<string>();
          for (const own of values) {
            for (const value of own) {
              if (value === undefined) continue;
              expect(value).toMatch(/^value-\d+$/);
              expect(seen.has(value), 'one value, two owners').toBe(false);
              seen.add(value);
            }
          }
          for (const one of issued) expect(one.revoked, `${one.value} was taken back`).toBe(1);
          expect(JSON.stringify(all.map(({ recorded }) => recorded))).not.toMatch(/value-\d/);
        },
      ),
      { numRuns: 120 },
    );
  });

  it('is for its hosts, its agents and its tools, and goes out by TLS', async () => {
    const { source } = newSource(['at once']);
    const narrow = { ...config, agents: ['support'], tools: ['code/*'] };
    const broker = new CredentialBroker({
      clock: systemClock,
      find: () => ({ config: narrow, source }),
      hold: () => {},
      letGo: () => {},
      record: () => {},
      report: () => {},
    });
    const ask = (agent: string, tool: string | undefined, host: string, tls = true) => {
      const { owner } = newOwner(agent);
      const subject = { ...owner.subject, ...(tool === undefined ? {} : { tool }) };
      return broker.lease({ ...owner, subject }, 'one', { host, tls, headers: ['Authorization'] }).then(
        () => 'given',
        (error: Fault) => error.code,
      );
    };
    expect(await ask('support', 'code/run', 'api.test')).toBe('given');
    expect(await ask('support', 'code/run', 'a.wide.test')).toBe('given');
    const refusals: readonly (readonly [string, string | undefined, string])[] = [
      ['other', 'code/run', 'api.test'],
      ['support', 'mail/send', 'api.test'],
      ['support', undefined, 'api.test'],
      ['support', 'code/run', 'wide.test'],
      ['support', 'code/run', 'evilwide.test'],
      ['support', 'code/run', 'api.test.evil.test'],
    ];
    for (const refused of refusals) expect(await ask(...refused), refused.join(' ')).toBe('E_CREDENTIAL_DENIED');
    expect(await ask('support', 'code/run', 'api.test', false)).toBe('E_CREDENTIAL_DENIED');
  });

  it('is asked for again when it is about to expire, and the old one is taken back', async () => {
    const issued: number[] = [];
    const revoked: number[] = [];
    const broker = newBroker({
      async lease() {
        const turn = issued.push(issued.length);
        return {
          secret: new Secret('cred:one', `value-${turn}`),
          expiresAtMs: systemClock.nowMs() + (turn === 1 ? 10_000 : 600_000),
          revoke: async () => void revoked.push(turn),
        };
      },
    });
    const { owner } = newOwner();
    expect((await broker.lease(owner, 'one', to)).secret.reveal()).toBe('value-1');
    const [a, b] = await Promise.all([broker.lease(owner, 'one', to), broker.lease(owner, 'one', to)]);
    expect([a.secret.reveal(), b.secret.reveal()]).toEqual(['value-2', 'value-2']);
    await broker.settle();
    expect(revoked).toEqual([1]);
  });
});
