import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type LoadedConfig, loadConfig } from '../../../src/app/config/load-config.ts';
import { eraseRuns } from '../../../src/app/erase-record.ts';
import { exportEvidence } from '../../../src/app/evidence/export-evidence.ts';
import type { Scope } from '../../../src/app/evidence/scope.ts';
import { verifyArchive } from '../../../src/app/evidence/verify-archive.ts';
import { openLedgerKeys } from '../../../src/app/ledger/start-ledger.ts';
import type { Trust } from '../../../src/app/ledger/verify-ledger.ts';
import { openStore } from '../../../src/app/open-store.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { Fault } from '../../../src/base/fault.ts';
import { createChaperone } from '../../../src/index.ts';

const SECRET_WORD = 'quicksilver-memo';
const CONFIG = `version: 1
data: data
ledger: { origin: archive.example/log }
agents:
  support:
    tools:
      app/read_note: {}
      app/file_note: { approval: required }
`;
let folder: string;
let loaded: LoadedConfig;
let trust: Trust;
let runId: string;
let otherRunId: string;

const archiveOf = (name: string) => join(folder, name);
const write = (scope: Scope, name: string) =>
  exportEvidence({ loaded, scope, out: archiveOf(name), clock: systemClock });

/** What verifying says is wrong; undefined where nothing is. */
async function findWrong(path: string, by = trust): Promise<string | undefined> {
  try {
    await verifyArchive(path, by);
    return undefined;
  } catch (error) {
    if (error instanceof Fault && error.code === 'E_EVIDENCE') return error.message;
    throw error;
  }
}

/** One run with a call that ran, one that was refused and one that waits; each says something of its own. */
async function work(word: string, task = 'notes'): Promise<string> {
  const chaperone = await createChaperone({ config: join(folder, 'chaperone.yaml'), notify: () => {} });
  const run = await chaperone.startRun({
    agent: 'support',
    user: { id: 'ana' },
    task,
    prompt: `Read ${word}, then file note ${word}.`,
  });
  const tools = await run.guard({
    read_note: {
      description: 'Reads a note.',
      inputSchema: z.object({ id: z.string() }),
      execute: async ({ id }: { id: string }) => ({ id, text: 'hello' }),
    },
    file_note: {
      description: 'Files a note.',
      inputSchema: z.object({ id: z.string() }),
      execute: async () => 'filed',
    },
  });
  await tools.read_note.execute({ id: word });
  await run.call('app/nothing', { id: word });
  await run.call('app/file_note', { id: word });
  await run.end();
  await chaperone.close(); // takes up what is left
  return run.id;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-archive-'));
  await writeFile(join(folder, 'chaperone.yaml'), CONFIG);
  loaded = await loadConfig(join(folder, 'chaperone.yaml'), { hostServers: ['app'] });
  runId = await work(SECRET_WORD);
  otherRunId = await work('harbour');
  trust = { keys: await (await openLedgerKeys(loaded, systemClock)).keys(), witnesses: [], quorum: 0 };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function listFiles(inside: string): Promise<readonly string[]> {
  const found = await readdir(inside, { recursive: true, withFileTypes: true });
  return found.filter((one) => one.isFile()).map((one) => relative(inside, join(one.parentPath, one.name)));
}

/** The archive of a run once more, changed by hand with the system's own tar. */
async function forge(name: string, change: (inside: string) => Promise<void>): Promise<string> {
  const source = archiveOf(`${name}.source.tar`);
  await write({ kind: 'run', runId }, `${name}.source.tar`);
  const inside = await mkdtemp(join(tmpdir(), 'chaperone-forged-'));
  execFileSync('tar', ['-xf', source, '-C', inside]);
  await change(inside);
  const forged = archiveOf(`${name}.tar`);
  execFileSync('tar', ['--format=ustar', '-cf', forged, '-C', inside, ...(await listFiles(inside))]);
  await rm(inside, { recursive: true });
  return forged;
}

const BLOCK = 512;

/** The files of a tar, as POSIX writes it: where each header stands, and its content. */
function* filesIn(
  tar: Buffer,
): Generator<{ readonly header: number; readonly from: number; readonly to: number; readonly end: number }> {
  for (let header = 0; tar[header] !== 0 && header < tar.length; ) {
    const size = Number.parseInt(tar.subarray(header + 124, header + 135).toString('latin1'), 8);
    const from = header + BLOCK;
    const end = from + Math.ceil(size / BLOCK) * BLOCK;
    yield { header, from, to: from + size, end };
    header = end;
  }
}

/** Bytes that belong to no file and to no name of one: what fills blocks up, and the blocks at the end. */
function listUnsaid(tar: Buffer): ReadonlySet<number> {
  const unsaid = new Set<number>();
  let last = 0;
  for (const { to, end } of filesIn(tar)) {
    for (let at = to; at < end; at++) unsaid.add(at);
    last = end;
  }
  for (let at = last; at < tar.length; at++) unsaid.add(at);
  return unsaid;
}

/** Bytes of every header and short file, and every so many of long ones, which have one digest each. */
function listPlaces(tar: Buffer): readonly number[] {
  const places: number[] = [];
  let last = 0;
  for (const { header, from, to, end } of filesIn(tar)) {
    // The headers are all made alike: of the first every byte, of others every third, each time others.
    for (let at = header + (header === 0 ? 0 : (header / BLOCK) % 3); at < from; at += header === 0 ? 1 : 3)
      places.push(at);
    const step = to - from > 2_000 ? 97 : 2;
    for (let at = from; at < to; at += step) places.push(at);
    for (let at = to; at < end; at += 53) places.push(at);
    last = end;
  }
  for (let at = last; at < tar.length; at += 101) places.push(at);
  return places;
}

const changeFile = (name: string, change: (text: string) => string) =>
  forge(name.replaceAll('/', '-'), async (inside) => {
    await writeFile(join(inside, name), change(await readFile(join(inside, name), 'utf8')));
  });

describe('an archive of evidence', () => {
  it('of a run has all of it and nothing else, and is verified with the public key alone', async () => {
    const contents = await write({ kind: 'run', runId }, 'run.tar');
    expect(contents).toMatchObject({ tenant: 'default', scope: { run: runId }, uncovered: 0 });
    const verified = await verifyArchive(archiveOf('run.tar'), trust);
    expect(verified.contents).toEqual(contents);
    expect(verified.opened).toBe(contents.events);
    const events = execFileSync('tar', ['-xOf', archiveOf('run.tar'), 'events.ndjson'], { encoding: 'utf8' });
    const kinds = events
      .split('\n')
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { event: { kind: string } }).event.kind);
    expect(kinds).toEqual(
      expect.arrayContaining(['run.started', 'call.intended', 'call.completed', 'call.asked', 'run.ended']),
    );
    expect(events).toContain(SECRET_WORD);
    expect(events).not.toContain('harbour');
    const names = Object.keys(contents.files);
    expect(names).toEqual(
      expect.arrayContaining(['log/checkpoint', 'log/keys/000001', 'approvals.json', 'report.html']),
    );
    expect(names.some((name) => /^bundles\/[0-9a-f]{64}\.json$/.test(name))).toBe(true);
  });

  it('of a time has both runs, of an incident its run and when it has to be reported', async () => {
    const all = await write({ kind: 'time', fromMs: 0, toMs: Number.MAX_SAFE_INTEGER / 2 }, 'time.tar');
    expect(await findWrong(archiveOf('time.tar'))).toBeUndefined();
    const record = await openStore(join(folder, 'data'), systemClock);
    const [call] = await record.readEvents({ tenant: 'default', runId, limit: 10 });
    await record.close();
    const incident = await write({ kind: 'incident', id: call?.id ?? '' }, 'incident.tar');
    expect(await findWrong(archiveOf('incident.tar'))).toBeUndefined();
    expect(all.events).toBeGreaterThan(incident.events);
    const noticed = Date.parse(incident.incident?.noticedAt ?? '');
    expect(noticed, 'the clock starts when it was noticed').toBe(Math.trunc(call?.atMs ?? 0));
    expect(Date.parse(incident.incident?.certInBy ?? '') - noticed).toBe(6 * 3_600_000);
    expect(Date.parse(incident.incident?.dpdpBy ?? '') - noticed).toBe(72 * 3_600_000);
  });

  it('shows a page on which nothing that others wrote runs or hides', async () => {
    await work('meadow', '<script>alert(1)</script>\u202e');
    await write({ kind: 'time', fromMs: 0, toMs: Number.MAX_SAFE_INTEGER / 2 }, 'page.tar');
    const page = execFileSync('tar', ['-xOf', archiveOf('page.tar'), 'report.html'], { encoding: 'utf8' });
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;\\u{202e}');
    expect(page).not.toContain('<script');
    expect(page).toContain("default-src 'none'");
  });

  it('is not written over another file, and leaves nothing where it cannot be finished', async () => {
    await expect(write({ kind: 'run', runId }, 'run.tar')).rejects.toMatchObject({ code: 'E_USAGE' });
    await expect(write({ kind: 'run', runId: 'run_none' }, 'none.tar')).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
    expect((await readdir(folder)).filter((name) => /none|draft/.test(name))).toEqual([]);
  });

  it.each([
    [
      'events.ndjson',
      (text: string) => text.replace(SECRET_WORD, 'something-else'),
      /^event \d+, on line \d+ of events.ndjson, does not say what is shown of it$/,
    ],
    ['report.html', (text: string) => `${text} `, /report.html is not what was signed/],
    ['approvals.json', () => '[]\n', /approvals.json is not what was signed/],
    [
      'contents.json',
      (text: string) => text.replace('"uncovered": 0', '"uncovered": 1'),
      /contents.note is not the log’s signature/,
    ],
    ['contents.note', (text: string) => text.replace('/evidence', '/other'), /contents.note/],
    ['log/checkpoint', (text: string) => text.replace(/\n\d+\n/, '\n1\n'), /signature/],
  ])('with %s changed is refused', async (name, change, says) => {
    expect(await findWrong(await changeFile(name, change))).toMatch(says);
  });

  it('with a file added or left out is refused', async () => {
    const added = await forge('added', (inside) => writeFile(join(inside, 'extra.txt'), 'more'));
    expect(await findWrong(added)).toMatch(/extra.txt was not signed/);
    const less = await forge('less', (inside) => rm(join(inside, 'approvals.json')));
    expect(await findWrong(less)).toMatch(/approvals.json is missing/);
  });

  it('with any byte changed is refused, but for those that no file has', async () => {
    const bytes = await readFile(archiveOf('run.tar'));
    const broken = archiveOf('broken.tar');
    const unsaid = listUnsaid(bytes);
    const headers = [...filesIn(bytes)].map(({ header }) => header);
    let looked = 0;
    for (const at of listPlaces(bytes)) {
      const copy = Buffer.from(bytes);
      copy[at] = (copy[at] ?? 0) ^ (1 << (at % 8));
      await writeFile(broken, copy);
      const wrong = await findWrong(broken);
      looked++;
      // How the checksum of a header is written, with blanks or zeros, says nothing either: it is held against the header.
      const isChecksum = headers.some((header) => at >= header + 148 && at < header + 156);
      if (wrong === undefined) expect(unsaid.has(at) || isChecksum, `byte ${at} of ${bytes.length}`).toBe(true);
    }
    expect(looked).toBeGreaterThan(2_000);
    // What is between files says nothing: the same files come out, to the byte.
    const copy = Buffer.from(bytes);
    for (const at of unsaid) copy[at] = at % 2 === 0 ? 0 : (copy[at] ?? 0);
    await writeFile(broken, copy);
    expect(await verifyArchive(broken, trust)).toEqual(await verifyArchive(archiveOf('run.tar'), trust));
  }, 240_000);

  it('cut off anywhere is refused', async () => {
    const bytes = await readFile(archiveOf('run.tar'));
    const broken = archiveOf('broken.tar');
    for (const part of [0, 0.2, 0.5, 0.9]) {
      await writeFile(broken, bytes.subarray(0, Math.floor(bytes.length * part)));
      expect(await findWrong(broken), String(part)).toBeDefined();
    }
  });

  it('signed by somebody else is refused', async () => {
    const other = { ...loaded.manifest, ledger: { ...loaded.manifest.ledger, keys: 'other-keys' } };
    const keys = await (await openLedgerKeys({ ...loaded, manifest: other }, systemClock)).keys();
    expect(await findWrong(archiveOf('run.tar'), { ...trust, keys })).toBeDefined();
  });

  it('of a run that was erased shows that it happened, and nothing that was said', async () => {
    const store = await openStore(join(folder, 'data'), systemClock);
    await eraseRuns(store, systemClock, { tenant: 'default', runIds: [otherRunId], by: 'cy', reason: 'asked to' });
    await store.close();
    await work('afterwards'); // the erasure is covered by a checkpoint
    const contents = await write({ kind: 'run', runId: otherRunId }, 'erased.tar');
    const verified = await verifyArchive(archiveOf('erased.tar'), trust);
    expect(verified.contents.events).toBe(contents.events);
    expect(verified.opened).toBe(0);
    expect((await readFile(archiveOf('erased.tar'))).includes('harbour')).toBe(false);
  });
});
