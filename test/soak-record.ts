import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { loadConfig } from '../src/app/config/load-config.ts';
import { eraseRuns } from '../src/app/erase-record.ts';
import { checkLedger } from '../src/app/ledger/check-ledger.ts';
import { openStore } from '../src/app/open-store.ts';
import { systemClock } from '../src/base/clock.ts';
import { createChaperone } from '../src/index.ts';

/** What a long time of work came to. Memory is what is held after garbage was collected. */
export interface RecordSoak {
  readonly calls: number;
  readonly runs: number;
  /** Runs whose record was erased meanwhile. */
  readonly erased: number;
  /** Events of the ledger at the end, all of them held against the record. */
  readonly events: number;
  readonly seconds: number;
  /** MiB of the JavaScript heap and outside of it, at even distances. */
  readonly heldMb: readonly number[];
  /** MiB by which what is held rose over the second half, by the line that fits it best. */
  readonly riseMb: number;
  /** The same for each 100,000 calls. */
  readonly slopeMb: number;
  readonly isFlat: boolean;
}

/** Few, so that whatever is remembered of so many runs is full early. */
const CALLS_PER_RUN = 5;
const AT_ONCE = 16;
const SAMPLES = 40;
const ERASED_AT_ONCE = 5;
/** Caches are full by the middle; what grows from there on would grow for ever. Below this it is the garbage of the moment. */
const MOST_RISE_MB = 8;

/** How long a soak goes on: until so many calls were made or so many minutes have passed, whichever is first. */
export interface SoakLength {
  readonly calls: number;
  readonly minutes: number;
}

/**
 * Makes calls in runs that begin and end, with a sealed record, a ledger, a copy of it and a receiver of events, erases runs on
 * the way, and looks at the memory that is held. At the end the ledger is held against the record. Wants `--expose-gc`.
 */
export async function soakRecord({ calls, minutes }: SoakLength): Promise<RecordSoak> {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error('start it with --expose-gc');
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-soak-'));
  const config = join(folder, 'chaperone.yaml');
  const manifest = {
    version: 1,
    data: 'data',
    ledger: { copies: { other: { to: 'copy', every: '1s' } } },
    telemetry: { sinks: { log: { kind: 'file', to: 'events.ndjson' } } },
  };
  await writeFile(config, JSON.stringify(manifest));
  const chaperone = await createChaperone({ config, notify: () => {} });
  // As a command beside the gateway has one.
  const beside = await openStore(join(folder, 'data'), systemClock);
  const ended: string[] = [];
  let erased = 0;
  const heldMb: number[] = [];
  const beganMs = performance.now();
  let made = 0;
  let runs = 0;
  const progress = () => Math.max(made / calls, (performance.now() - beganMs) / (minutes * 60_000));
  const eraseSome = async () => {
    const runIds = ended.splice(0).slice(0, ERASED_AT_ONCE);
    await eraseRuns(beside, systemClock, { tenant: 'default', runIds, by: 'soak', reason: 'to see what is left' });
    erased += runIds.length;
  };
  const work = async () => {
    while (progress() < 1) {
      made += CALLS_PER_RUN;
      runs++;
      await using run = await chaperone.startRun({
        agent: 'support',
        user: { id: `u${runs % 500}` },
        prompt: 'Read note 1.',
      });
      await run.guard(tools);
      for (let i = 0; i < CALLS_PER_RUN; i++) {
        const answer = await run.call(i === 0 ? 'app/none' : 'app/read_note', { id: `${i}` });
        if (answer.receipt === undefined) throw new Error('an answer was not recorded');
      }
      ended.push(run.id);
      if (progress() > heldMb.length / SAMPLES) {
        heldMb.push(0); // this sample is taken by nobody else
        await eraseSome();
        gc();
        const { heapUsed, external } = process.memoryUsage();
        heldMb[heldMb.lastIndexOf(0)] = Math.round(((heapUsed + external) / 1_048_576) * 10) / 10;
        // The file of the receiver is not what is looked at.
        await writeFile(join(folder, 'events.ndjson'), '');
      }
    }
  };
  let seconds = 0;
  let events = 0;
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    seconds = Math.round((performance.now() - beganMs) / 1_000);
    await beside.close();
    await chaperone.close();
    events = (await checkLedger(await loadConfig(config, { hostServers: ['app'] }), systemClock)).checkpoint.size;
  } finally {
    await beside.close();
    await chaperone.close();
    await rm(folder, { recursive: true, force: true });
  }
  const half = heldMb.slice(heldMb.length / 2);
  const rise = slope(half) * (half.length - 1);
  const round = (value: number) => Math.round(value * 10) / 10;
  const slopeMb = round((rise / (made / 2)) * 100_000);
  const found = { calls: made, runs, erased, events, seconds, heldMb, riseMb: round(rise), slopeMb };
  return { ...found, isFlat: rise <= MOST_RISE_MB };
}

const tools = {
  read_note: {
    description: 'Reads a note.',
    inputSchema: z.object({ id: z.string() }),
    execute: async ({ id }: { id: string }) => ({ id, text: 'x'.repeat(500) }),
  },
};

/** Of the line that fits values at even distances best, by least squares. */
function slope(values: readonly number[]): number {
  const mean = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
  const at = values.map((_, i) => i);
  const [x, y] = [mean(at), mean(values)];
  const over = at.reduce((sum, i) => sum + (i - x) * ((values[i] ?? 0) - y), 0);
  return over / at.reduce((sum, i) => sum + (i - x) ** 2, 0);
}

/** Puts the result of a soak where people look for it, in the place of the one before. */
export async function writeSoak(file: string, soak: RecordSoak): Promise<void> {
  const text = await readFile(file, 'utf8');
  const { calls, runs, erased, events, seconds, heldMb, riseMb, slopeMb } = soak;
  const held = `${heldMb[Math.floor(heldMb.length / 2)]} MiB held half-way and ${heldMb.at(-1)} MiB at the end`;
  const line =
    `Memory: ${calls.toLocaleString('en')} calls in ${runs.toLocaleString('en')} runs, of which ${erased} were erased, in ${seconds} seconds; ` +
    `${held}, a rise of ${riseMb} MiB (${slopeMb} for 100,000 calls); ${events.toLocaleString('en')} events held against the ledger.`;
  await writeFile(file, text.replace(/^Memory: .*$/m, line));
}
