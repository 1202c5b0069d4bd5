import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { createChaperone } from '../src/index.ts';

/** What a long time of work came to. Memory is what is held after garbage was collected. */
export interface RecordSoak {
  readonly calls: number;
  readonly runs: number;
  readonly seconds: number;
  /** MiB of the JavaScript heap and outside of it, at even distances. */
  readonly heldMb: readonly number[];
  /** MiB by which what is held rose over the second half, by the line that fits it best. */
  readonly riseMb: number;
  readonly isFlat: boolean;
}

const CALLS_PER_RUN = 40;
const AT_ONCE = 16;
const SAMPLES = 40;
/** Caches are full by the middle; what grows from there on would grow for ever. Below this it is the garbage of the moment. */
const MOST_RISE_MB = 8;

/**
 * Makes calls in runs that begin and end, with a ledger, a copy of it and a receiver of events, and looks at the memory that
 * is held. Wants `--expose-gc`.
 */
export async function soakRecord(calls: number): Promise<RecordSoak> {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error('start it with --expose-gc');
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-soak-'));
  const chaperone = await createChaperone({
    folder,
    manifest: {
      version: 1,
      data: 'data',
      ledger: { copies: { other: { to: 'copy', every: '1s' } } },
      telemetry: { sinks: { log: { kind: 'file', to: 'events.ndjson' } } },
    },
    notify: () => {},
  });
  const heldMb: number[] = [];
  const beganMs = performance.now();
  let made = 0;
  let runs = 0;
  const work = async () => {
    while (made < calls) {
      made += CALLS_PER_RUN;
      runs++;
      await using run = await chaperone.startRun({
        agent: 'support',
        user: { id: `u${runs % 500}` },
        prompt: 'Read note 1.',
      });
      await run.guard(tools);
      for (let i = 0; i < CALLS_PER_RUN; i++) {
        const answer = await run.call(i % 10 === 0 ? 'app/none' : 'app/read_note', { id: `${i}` });
        if (answer.receipt === undefined) throw new Error('an answer was not recorded');
      }
      if (made / calls > heldMb.length / SAMPLES) {
        gc();
        const { heapUsed, external } = process.memoryUsage();
        heldMb.push(Math.round(((heapUsed + external) / 1_048_576) * 10) / 10);
        // The file of the receiver is not what is looked at.
        await writeFile(join(folder, 'events.ndjson'), '');
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  } finally {
    await chaperone.close();
    await rm(folder, { recursive: true, force: true });
  }
  const half = heldMb.slice(heldMb.length / 2);
  const riseMb = Math.round(slope(half) * (half.length - 1) * 10) / 10;
  const seconds = Math.round((performance.now() - beganMs) / 1_000);
  return { calls: made, runs, seconds, heldMb, riseMb, isFlat: riseMb <= MOST_RISE_MB };
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
  const { calls, seconds, heldMb, riseMb } = soak;
  const held = `${heldMb[Math.floor(heldMb.length / 2)]} MiB held half-way and ${heldMb.at(-1)} MiB at the end`;
  const line = `Memory: ${calls.toLocaleString('en')} calls in ${seconds} seconds, ${held}, a rise of ${riseMb} MiB.`;
  await writeFile(file, text.replace(/^Memory: .*$/m, line));
}
