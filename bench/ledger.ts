import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLedgerFolder } from '../src/adapters/ledgers/files/open-ledger-folder.ts';
import { openCheckpointSigner } from '../src/adapters/ledgers/keys/open-checkpoint-signer.ts';
import { openLocalRecordKeys } from '../src/adapters/record-keys/local/open-local-record-keys.ts';
import { openSealedStore } from '../src/adapters/stores/sealed/open-sealed-store.ts';
import { openRecordThread } from '../src/adapters/stores/sqlite/open-record-thread.ts';
import { openSqliteStore } from '../src/adapters/stores/sqlite/open-sqlite-store.ts';
import { Integrator } from '../src/app/ledger/integrator.ts';
import { verifyLedger } from '../src/app/ledger/verify-ledger.ts';
import { newId, systemClock } from '../src/base/clock.ts';
import { emptyLog, growTree } from '../src/ledger/grow-tree.ts';
import { hashLeaf } from '../src/ledger/hash.ts';
import { proveInclusion, verifyInclusion } from '../src/ledger/proofs.ts';
import { listInclusionRanges } from '../src/ledger/ranges.ts';
import { readTile } from '../src/ledger/read-tile.ts';
import { TILE_WIDTH, type TileName, tilePath } from '../src/ledger/tiles.ts';
import { type Tile, TreeEdge } from '../src/ledger/tree-edge.ts';
import { leastLabel } from '../src/model/label.ts';
import type { Run } from '../src/model/run.ts';
import type { Change } from '../src/ports/store.ts';
import { buildGoReader } from '../test/conformance/ledger/go-reader.ts';
import { describeMachine, type Goal, type Report } from './report.ts';
import { quantile } from './sample.ts';

const EVENTS = 200_000;
const EVENTS_PER_COMMIT = 100;
const EVENTS_PER_RUN = 20;
const LARGE = 10_000_000;
const PROOFS = 400;

const METHOD =
  `${EVENTS.toLocaleString('en')} events of about 400 bytes in SQLite on disk, sealed with a key per run (${EVENTS_PER_RUN} events, the run and ` +
  `its key opened in the same commit), ${EVENTS_PER_COMMIT} events a commit; CPU is of all threads of the process. ` +
  ' Integration reads them, takes their digests again, and publishes every file with a sync. Full ' +
  'verification is of the ledger’s files. The large log has leaves that are numbers; the tiles that the proofs need are on ' +
  'disk, in a folder without the others. The peer is Tessera’s `fsck` (Go, two workers) on the same files, start of the ' +
  'program included.';

interface Measured {
  readonly name: string;
  readonly events?: number;
  readonly eventsPerSecond?: number;
  readonly cpuUsPerEvent?: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
}

/** What the ledger costs per event, how fast it keeps up and is verified, and how long a proof takes. */
export async function measureLedger({ tell }: { durationMs: number; tell: (line: string) => void }): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-bench-ledger-'));
  const rows: Measured[] = [];
  const missing: string[] = [];
  try {
    const store = join(folder, 'store.db');
    tell(`recording ${EVENTS} events`);
    rows.push(await measureAppend(store));
    tell('integrating them');
    const ledger = join(folder, 'ledger');
    const signer = await openCheckpointSigner({ folder: join(folder, 'keys'), clock: systemClock });
    rows.push(await measureIntegration(store, ledger, signer));
    const entries = Array.from({ length: EVENTS }, () => systemClock.randomBytes(32));
    const grown = await timed('leaf, tree and tiles alone', EVENTS, async () => growTree(emptyLog, entries));
    tell('verifying them');
    const keys = await signer.keys();
    const files = openLedgerFolder(ledger);
    rows.push(await timed('full verification', EVENTS, () => verifyLedger(files, { keys, witnesses: [], quorum: 0 })));
    const go = buildGoReader(folder);
    rows.push(grown);
    if (typeof go === 'string') missing.push(`Tessera’s fsck: ${go}`);
    else rows.push(await timed('full verification by Tessera', EVENTS, () => go('fsck', ledger, keys[0]?.text ?? '')));
    tell(`making the tree of ${LARGE} events`);
    rows.push(...(await measureProofs(join(folder, 'large'))));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const [append, integrate, verify, ...others] = rows;
  const peer = others.find(({ name }) => name.includes('Tessera'));
  const proof = others.find(({ name }) => name.startsWith('inclusion'));
  const goal = (text: string, measured: number | undefined, reached: (value: number) => boolean): Goal[] =>
    measured === undefined ? [] : [{ goal: text, measured, reached: reached(measured) }];
  return {
    bench: 'ledger',
    machine: describeMachine(),
    method: METHOD,
    rows,
    ratios:
      peer?.eventsPerSecond === undefined || verify?.eventsPerSecond === undefined
        ? {}
        : { 'full verification, ours to Tessera’s, events a second': verify.eventsPerSecond / peer.eventsPerSecond },
    goals: [
      ...goal('append and leaf, µs CPU per event, at most 15', append?.cpuUsPerEvent, (us) => us <= 15),
      ...goal('integration, events a second, at least 20,000', integrate?.eventsPerSecond, (n) => n >= 20_000),
      ...goal('full verification, events a second, at least 200,000', verify?.eventsPerSecond, (n) => n >= 200_000),
      ...goal('inclusion proof from 10 million events, p99 ms, at most 5', proof?.p99Ms, (ms) => ms <= 5),
    ],
    missing,
  };
}

async function timed(name: string, events: number, task: () => Promise<unknown>): Promise<Measured> {
  const startMs = systemClock.monotonicMs();
  const startCpu = process.cpuUsage();
  await task();
  const { user, system } = process.cpuUsage(startCpu);
  const seconds = (systemClock.monotonicMs() - startMs) / 1_000;
  return { name, events, eventsPerSecond: events / seconds, cpuUsPerEvent: (user + system) / events };
}

/** Seals and commits the events, opening their runs as it goes, and hashes the leaf of each. */
async function measureAppend(path: string): Promise<Measured> {
  const keys = await openLocalRecordKeys({ folder: `${path}-keys`, clock: systemClock });
  const store = openSealedStore(await openSqliteStore({ path }), { keys, clock: systemClock });
  const commits = Array.from({ length: EVENTS / EVENTS_PER_COMMIT }, () =>
    Array.from({ length: EVENTS_PER_COMMIT / EVENTS_PER_RUN }, makeRun).flat(),
  );
  const digest = systemClock.randomBytes(32);
  const measured = await timed('append and leaf', EVENTS, async () => {
    for (const changes of commits) {
      await store.commit(changes);
      for (let i = 0; i < EVENTS_PER_COMMIT; i++) hashLeaf(digest);
    }
  });
  await store.close();
  return measured;
}

function makeRun(): readonly Change[] {
  const startedAtMs = systemClock.nowMs();
  const run: Run = {
    id: newId(systemClock, 'run'),
    principal: { tenant: 'default', agent: 'bench', onBehalfOf: { id: 'ann@company.com', groups: [], attributes: {} } },
    task: 'answer mail',
    prompt: [{ kind: 'user', text: 'Answer what came in today, please.' }],
    attested: true,
    label: leastLabel,
    startedAtMs,
    expiresAtMs: startedAtMs + 1_000,
  };
  return [{ kind: 'run.open', run }, ...Array.from({ length: EVENTS_PER_RUN }, () => makeEvent(run.id))];
}

function makeEvent(runId: string): Change {
  const body = {
    arguments: { to: 'ann@company.com', text: 'x'.repeat(220) },
    verdict: 'permit',
    reasons: ['declared'],
  };
  const event = {
    id: newId(systemClock, 'evt'),
    kind: 'call.completed' as const,
    tenant: 'default',
    runId,
    callId: newId(systemClock, 'call'),
    agent: 'bench',
    tool: 'mail/send_email',
    atMs: systemClock.nowMs(),
    body,
  };
  return { kind: 'event.append', event };
}

async function measureIntegration(
  path: string,
  folder: string,
  signer: Awaited<ReturnType<typeof openCheckpointSigner>>,
): Promise<Measured> {
  const record = openRecordThread({ path });
  const integrator = await Integrator.open({ record, files: openLedgerFolder(folder), signer });
  const measured = await timed('integration, to the published checkpoint', EVENTS, async () => {
    while ((await integrator.step()) !== undefined);
  });
  await record.close();
  return measured;
}

/** Proofs of entries all over a large log. Only the tiles they need are kept: the rest is 330 MB. */
async function measureProofs(folder: string): Promise<readonly Measured[]> {
  const files = openLedgerFolder(folder);
  const indexes = Array.from({ length: PROOFS }, (_, i) => Math.floor(((i + 0.5) / PROOFS) * LARGE));
  const needed = new Set(indexes.map((index) => Math.floor(index / TILE_WIDTH)));
  const edge = TreeEdge.empty();
  const tiles: Tile[] = [];
  const leaf = new Uint8Array(32);
  const view = new DataView(leaf.buffer);
  const keep = (tile: Tile) => {
    if (tile.level > 0 || needed.has(tile.index)) tiles.push(tile);
  };
  for (let i = 0; i < LARGE; i++) {
    view.setUint32(0, i);
    edge.append(leaf, keep);
  }
  tiles.push(...edge.partials());
  await files.write(tiles.map((tile) => ({ path: tilePath(tile), bytes: tile.hashes })));
  const head = { size: LARGE, root: edge.root() };
  const [whole, reading, hashing]: [number[], number[], number[]] = [[], [], []];
  let mostTiles = 0;
  for (const index of indexes) {
    const proof = await timeInto(whole, () => proveInclusion((name) => readTile(files, name), index, LARGE));
    view.setUint32(0, index);
    if (proof.length !== listInclusionRanges(index, LARGE).length || !verifyInclusion(leaf, index, head, proof)) {
      throw new Error(`the proof of entry ${index} does not hold`);
    }
    // The same once more in its parts: which tiles it takes, how long they take to come, and how long they are hashed.
    const read = new Map<string, Awaited<ReturnType<typeof readTile>>>();
    await proveInclusion(async (name) => keepTile(read, name, await readTile(files, name)), index, LARGE);
    mostTiles = Math.max(mostTiles, read.size);
    await timeInto(reading, () => Promise.all([...read.keys()].map((path) => files.read(path))));
    await timeInto(hashing, () => proveInclusion(async (name) => read.get(tilePath(name)), index, LARGE));
  }
  const row = (name: string, timesMs: readonly number[]): Measured => ({
    name,
    p50Ms: quantile([...timesMs], 0.5),
    p99Ms: quantile([...timesMs], 0.99),
  });
  return [
    row(`inclusion proof from ${LARGE.toLocaleString('en')} events`, whole),
    row(`of which reading its tiles, ${mostTiles} at most`, reading),
    row('of which hashing', hashing),
  ];
}

async function timeInto<T>(timesMs: number[], task: () => Promise<T>): Promise<T> {
  const startMs = systemClock.monotonicMs();
  const result = await task();
  timesMs.push(systemClock.monotonicMs() - startMs);
  return result;
}

function keepTile<T>(read: Map<string, T>, name: TileName, tile: T): T {
  read.set(tilePath(name), tile);
  return tile;
}
