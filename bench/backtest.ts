import { chmod, cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadText } from '../src/app/config/load-config.ts';
import { parseOptions } from '../src/app/host-server.ts';
import { openStore } from '../src/app/open-store.ts';
import { backtest } from '../src/app/replay/backtest.ts';
import { openCandidate } from '../src/app/replay/open-candidate.ts';
import { recordedTools } from '../src/app/replay/recorded-tools.ts';
import { newId, systemClock } from '../src/base/clock.ts';
import type { Store } from '../src/ports/store.ts';
import { describeMachine, type Report } from './report.ts';

const TENANT = 'default';
const DECISIONS = 100_000;
const PER_COMMIT = 500;
const ROUNDS = 3;
const MONTH_MS = 30 * 86_400_000;
const RULES = JSON.stringify({ version: 1, mode: 'provisional', organisation: { domains: ['acme.test'] } });
const METHOD =
  `${DECISIONS.toLocaleString('en')} decisions of a small record, written over and over under ids of their own, sealed, in SQLite ` +
  `on disk; opened, read and decided again under other rules, ${ROUNDS} times. Time is of the whole backtest.`;

/** How many recorded decisions a second are made again under other rules. */
export async function measureBacktest({ tell }: { tell: (line: string) => void }): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-bench-backtest-'));
  const fixture = join(import.meta.dirname, '../test/fixtures/record');
  const keys = join(folder, 'record-keys');
  await mkdir(keys, { mode: 0o700 });
  await cp(join(fixture, 'store.db'), join(folder, 'store.db'));
  await cp(join(fixture, 'record-000001'), join(keys, 'record-000001'));
  await chmod(join(keys, 'record-000001'), 0o600);
  const store = await openStore(folder, systemClock);
  try {
    tell(`recording ${DECISIONS} decisions`);
    await multiply(store);
    const loaded = await loadText(RULES, 'candidate.yaml', folder, parseOptions);
    const candidate = openCandidate(loaded, await recordedTools(store, loaded.manifest));
    const rows: {
      readonly decisions: number;
      readonly decisionsPerSecond: number;
      readonly cpuUsPerDecision: number;
    }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const startMs = systemClock.monotonicMs();
      const startCpu = process.cpuUsage();
      const sinceMs = systemClock.nowMs() - 12 * MONTH_MS;
      const { decided, undecidable } = await backtest(store, candidate, { tenant: TENANT, sinceMs });
      const { user, system } = process.cpuUsage(startCpu);
      const decisions = decided + Object.values(undecidable).reduce((sum, count) => sum + count, 0);
      const seconds = (systemClock.monotonicMs() - startMs) / 1_000;
      const cpuUsPerDecision = (user + system) / decisions;
      rows.push({ decisions, decisionsPerSecond: decisions / seconds, cpuUsPerDecision });
    }
    const measured = Math.max(...rows.map(({ decisionsPerSecond }) => decisionsPerSecond));
    return {
      bench: 'backtest',
      machine: describeMachine(),
      method: METHOD,
      rows,
      ratios: {},
      goals: [{ goal: 'decisions a second, at least 20,000', measured, reached: measured >= 20_000 }],
      missing: [],
    };
  } finally {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Writes the record's decisions over and over. */
async function multiply(store: Store): Promise<void> {
  const kinds = ['call.intended', 'call.asked', 'call.refused'] as const;
  const events = await store.readEvents({ tenant: TENANT, kinds, limit: 1_000 });
  const decisions = events.filter(({ body }) => typeof body['verdict'] === 'string');
  for (let from = 0; from < DECISIONS; from += PER_COMMIT) {
    const changes = Array.from({ length: PER_COMMIT }, (_, i) => {
      const {
        seq: _seq,
        digest: _digest,
        sealed: _sealed,
        user: _user,
        ...event
      } = decisions[(from + i) % decisions.length] ?? {};
      return { kind: 'event.append', event: { ...event, id: newId(systemClock, 'evt') } };
    });
    await store.commit(changes as Parameters<Store['commit']>[0]); // events of the record, under other ids
  }
}
