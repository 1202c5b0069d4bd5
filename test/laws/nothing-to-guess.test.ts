import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openStore } from '../../src/app/open-store.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createChaperone } from '../../src/index.ts';
import type { StoredEvent } from '../../src/model/event.ts';

/*
 * What is short can be guessed, and a digest without a key tells whoever reads it whether the guess is right. The same work is
 * done three times: with one value under two keys of the record, and with another value. What is the same under both keys and
 * another with the other value follows from the value alone: nothing does, in no table of the store, as it lies on the disk,
 * and in no event of the record, as those read it who may, but what is clear by design.
 *
 * Assumes that what follows from a value shows as a token of letters and digits.
 */

const SUBJECT = 'ada.lovelace@outside.test';
const OTHER = 'bob.sinclair@outside.test';
const TOKEN = /[A-Za-z0-9+/=_@.-]{12,}/g;
/** Clear in the record by design (ADR 31): on whose behalf, who answered, and what decisions were made from. */
const CLEAR: ReadonlySet<string> = new Set(['user', 'by', 'exact']);

interface Left {
  readonly stored: ReadonlySet<string>;
  readonly told: ReadonlySet<string>;
  readonly kinds: ReadonlySet<string>;
}

const folders: string[] = [];
let one: Left;
let otherKey: Left;
let otherValue: Left;

beforeAll(async () => {
  [one, otherKey, otherValue] = await Promise.all([work(SUBJECT), work(SUBJECT), work(OTHER)]);
});
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

async function work(value: string): Promise<Left> {
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-guess-'));
  folders.push(folder);
  await using chaperone = await createChaperone({
    folder,
    manifest: {
      version: 1,
      data: 'data',
      mode: 'enforce',
      loops: { same: 9, noProgress: 9 },
      budgets: { user: { calls: 100, per: '1h' } },
      tools: {
        'app/lookup': { effect: 'read', consequence: 'low' },
        'app/send': { effect: 'write', consequence: 'medium' },
      },
      agents: { support: { tools: { 'app/lookup': {}, 'app/send': { approval: 'required' } } } },
    },
    notify: () => {},
  });
  const run = await chaperone.startRun({
    agent: 'support',
    user: { id: value },
    prompt: [{ kind: 'user', text: `write to ${value}` }],
  });
  await run.guard({
    lookup: {
      description: 'Looks a contact up.',
      inputSchema: z.object({ query: z.string() }),
      execute: async ({ query }: { query: string }) => ({ found: query }),
    },
    send: {
      description: 'Sends a mail.',
      inputSchema: z.object({ to: z.string() }),
      execute: async ({ to }: { to: string }) => ({ sent: to }),
    },
  });
  await run.ingest(value, 'mail');
  await run.reportModelStep({ model: 'm', input: value, reasoning: value, output: value });
  await run.ingest([{ role: 'user', content: value }], 'history');
  await run.call('app/lookup', { query: value });
  await run.call('app/lookup', { unknown: value });
  await run.call('app/send', { to: value });
  await run.release(value, {});
  return read(folder, run.id);
}

/** What lies in the tables, and what those read who may: of each run, and of no other value than its own. */
async function read(folder: string, runId: string): Promise<Left> {
  const store = await openStore(join(folder, 'data'), systemClock);
  const events = await store.readEvents({ tenant: 'default', runId, limit: 500 });
  await store.close();
  const db = new DatabaseSync(join(folder, 'data/store.db'), { readOnly: true });
  const stored = new Set<string>();
  for (const { name } of db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()) {
    for (const row of db.prepare(`SELECT * FROM "${String(name)}"`).all())
      for (const field of Object.values(row)) take(stored, field instanceof Uint8Array ? hex(field) : String(field));
  }
  db.close();
  const told = new Set<string>();
  for (const event of events) take(told, JSON.stringify(withoutClear(event)));
  return { stored, told, kinds: new Set(events.map(({ kind }) => kind)) };
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function take(into: Set<string>, text: string): void {
  for (const [token] of text.matchAll(TOKEN)) into.add(token);
}

function withoutClear({ body }: StoredEvent): object {
  return Object.fromEntries(Object.entries(body).filter(([name]) => !CLEAR.has(name)));
}

const guessable = (of: 'stored' | 'told'): readonly string[] =>
  [...one[of]].filter((token) => otherKey[of].has(token) && !otherValue[of].has(token));

describe('what was said', () => {
  it('was asked about, refused, done, reported and released', () => {
    const kinds = ['call.asked', 'call.refused', 'call.completed', 'model.step', 'content.ingested', 'run.started'];
    for (const kind of kinds) expect(one.kinds, kind).toContain(kind);
    expect([...one.kinds].some((kind) => kind.startsWith('answer.'))).toBe(true);
  });

  it('cannot be guessed from what lies in the store', () => {
    expect(guessable('stored')).toEqual([]);
  });

  it('cannot be guessed from what the record tells of it, but where it is clear by design', () => {
    expect(guessable('told')).toEqual([]);
  });
});
