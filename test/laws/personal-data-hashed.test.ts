import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openStore } from '../../src/app/open-store.ts';
import { replayRun } from '../../src/app/replay/replay-run.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { createChaperone } from '../../src/index.ts';
import type { StoredEvent } from '../../src/model/event.ts';
import { restoreExact } from '../../src/model/exact.ts';
import { hashPersonal } from '../../src/scan/hash-personal.ts';

/*
 * Personal data that is known by its form stands in no event of what a run said, read with the key of the record, but in the
 * fields that `docs/evidence.md` names: `exact` of a decision, `user`, `by`. Every decision is made again all the same.
 *
 * Assumes what `scan/personal-data` finds: names and postal addresses have no form.
 */

const SEEDED = {
  email: 'ada.lovelace@outside.test',
  phone: '+44 20 7946 0958',
  iban: 'DE89 3704 0044 0532 0130 00',
  card: '4111 1111 1111 1111',
  ssn: '219-09-9999',
  bare: '5555555555554444',
};
const ALL = Object.values(SEEDED);
const said = ALL.join(' and ');

let folder: string;
let events: readonly StoredEvent[];
let kinds: ReadonlyMap<string, number>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-personal-'));
  const runId = await record();
  const store = await openStore(join(folder, 'data'), systemClock);
  try {
    events = await store.readEvents({ tenant: 'default', runId, limit: 500 });
    const counted = new Map<string, number>();
    for await (const { redecided } of replayRun(store, { tenant: 'default', runId }))
      if (redecided !== undefined) counted.set(redecided.kind, (counted.get(redecided.kind) ?? 0) + 1);
    kinds = counted;
  } finally {
    await store.close();
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function record(): Promise<string> {
  await using chaperone = await createChaperone({
    folder,
    manifest: {
      version: 1,
      data: 'data',
      mode: 'enforce',
      tools: {
        'app/lookup': { effect: 'read', consequence: 'low' },
        'app/send': {
          effect: 'write',
          consequence: 'medium',
          arguments: { to: { allow: [SEEDED.email] } },
        },
      },
      agents: { support: { tools: { 'app/lookup': {}, 'app/send': { approval: 'required' } } } },
    },
    notify: () => {},
  });
  const run = await chaperone.startRun({ agent: 'support', prompt: [{ kind: 'user', text: `write to ${said}` }] });
  await run.guard({
    lookup: {
      description: 'Looks a contact up.',
      inputSchema: z.object({ query: z.string() }),
      execute: async () => ({ note: `line\n${said}`, card: 4111111111111111, [SEEDED.email]: { phone: SEEDED.phone } }),
    },
    send: {
      description: 'Sends a mail.',
      inputSchema: z.object({ to: z.string(), body: z.string() }),
      execute: async () => JSON.stringify({ sent: `to\n${SEEDED.card}` }),
    },
  });
  await run.ingest(said, 'mail');
  await run.reportModelStep({ model: 'm', input: said, reasoning: said, output: said });
  await run.call('app/lookup', { query: said });
  await run.call('app/send', { to: SEEDED.email, body: said });
  await run.call('app/send', { to: 'eve@evil.test', body: said });
  return run.id;
}

const clear = (text: string) => ALL.filter((value) => text.includes(value));

describe('personal data in the record', () => {
  it('is hashed in results, prompts, content, steps and arguments, and clear in the named fields alone', () => {
    const recorded = new Set(events.map(({ kind }) => kind));
    for (const kind of ['run.started', 'content.ingested', 'model.step', 'call.intended', 'call.completed'])
      expect(recorded, kind).toContain(kind);
    for (const { kind, body } of events) {
      const { exact, user: _user, by: _by, ...rest } = body;
      expect(clear(JSON.stringify(rest)), `${kind} ${JSON.stringify(rest)}`).toEqual([]);
      if (exact !== undefined) expect(kind).toMatch(/^call\.(intended|asked|refused)$/);
    }
    const completed = events.find(({ kind }) => kind === 'call.completed');
    expect(completed?.body['result']).toMatch(/\[personal email-address 25 #[0-9a-f]{12}\]/);
    expect(completed?.body['result']).toMatch(/\[personal card-number 16 #[0-9a-f]{12}\]/);
  });

  it('is the same hash for the same value wherever it stands', () => {
    const tags = events.flatMap(({ body }) => [
      ...JSON.stringify(body).matchAll(/\[personal email-address 25 (#[0-9a-f]{12})\]/g),
    ]);
    expect(tags.length).toBeGreaterThan(5);
    expect(new Set(tags.map(([, tag]) => tag)).size).toBe(1);
  });

  it('takes nothing from replay: every decision is the one on record', () => {
    expect(kinds.get('same')).toBeGreaterThan(2);
    expect([...kinds.keys()]).toEqual(['same']);
    const intended = events.find(({ kind }) => kind === 'call.intended');
    expect(restoreExact(intended?.body ?? {})['arguments']).toEqual({ query: said });
  });
});

describe('a value that was hashed', () => {
  const piece = fc.oneof(
    fc.constantFrom(...ALL, 'a', ' ', '"', '\n', '\\', '[personal email-address 25 #000000000000]', '~', '/'),
    fc.string({ maxLength: 6 }),
  );
  const text = fc.array(piece, { maxLength: 8 }).map((parts) => parts.join(' '));
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      text,
      text.map((said) => JSON.stringify({ said, n: [4111111111111111] })),
      fc.constantFrom(null, true, 7, 4111111111111111),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(
        text.filter((name) => name !== '__proto__'),
        tie('any'),
        { maxKeys: 3 },
      ),
    ),
  })).any;

  it('is exactly what it was once what stood there is put back, whatever it says of itself', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('a', 'b/c', '~d'), value), (came) => {
        const body = came as JsonObject;
        const { value: hashed, exact } = hashPersonal(body, () => '#0123456789ab');
        expect(restoreExact({ ...hashed, exact: JSON.parse(JSON.stringify(exact)) })).toEqual(body);
      }),
      { numRuns: 300 },
    );
  });

  it('is found beyond as many as a detector reports at once', () => {
    const many = Array.from({ length: 3_000 }, (_, at) => `user${at}@outside.test`).join('\n');
    const { value: hashed } = hashPersonal({ many }, () => '#0123456789ab');
    expect(JSON.stringify(hashed)).not.toContain('@outside.test');
  });
});
