import { systemClock } from '../src/base/clock.ts';
import { collectGarbage } from './collect-garbage.ts';
import { openInProcess } from './in-process.ts';
import { describeMachine, type Report } from './report.ts';
import { quantile } from './sample.ts';

const IN_FLIGHT = 128;
const WARM_UP_MS = 2_000;
const WINDOW_MS = 1_000;
/** Collecting garbage takes some 50 ms: often enough for a line, too seldom to be felt. */
const LOOK_MS = 5_000;
const GOAL_PER_SECOND = 5_000;
/** How much the process may grow, from what it is after the warm-up, for a million calls to count as flat. */
const GOAL_GROWTH_MIB = 64;

const METHOD =
  `In process, ${IN_FLIGHT} calls in flight, one run, SQLite on disk with a full sync for each commit; every call is decided and ` +
  'committed twice. Throughput is all calls over all the time after a warm-up; ' +
  '`cpuMsPerCall` is of all threads together; memory is the resident set after the calling thread has collected its ' +
  'garbage, every 5 s, and its growth the slope of a line through the lowest value of each tenth of the second half, for a ' +
  'million calls. A million calls take `--seconds 500` at 2,000 a second; the `memory` rows say how it went.';

/** Durable governed calls in a second, how long each takes then, and whether memory grows with their number. */
export async function measureThroughput({
  durationMs,
  tell,
}: {
  durationMs: number;
  tell: (line: string) => void;
}): Promise<Report> {
  await using subject = await openInProcess();
  tell(`measuring ${IN_FLIGHT} calls in flight for ${Math.round(durationMs / 1_000)} s`);
  const latenciesMs = new Reservoir(200_000);
  const counts: number[] = [];
  const looks: Look[] = [];
  let calls = 0;

  await drive(subject.call, WARM_UP_MS, () => undefined);
  const startMs = systemClock.monotonicMs();
  const startCpu = process.cpuUsage();
  const counter = setInterval(() => counts.push(calls), WINDOW_MS);
  const looker = setInterval(() => looks.push(look(calls)), LOOK_MS);
  await drive(subject.call, durationMs, (ms) => {
    calls++;
    latenciesMs.add(ms);
  });
  const elapsedMs = systemClock.monotonicMs() - startMs;
  clearInterval(counter);
  clearInterval(looker);

  const cpu = process.cpuUsage(startCpu);
  const perSecond = (calls / elapsedMs) * 1_000;
  const growthMiB = slopeOfLows(looks) * 1_000_000;
  const rssMiB = looks.map((look) => look.rssMiB);
  const row = {
    name: 'chaperone',
    inFlight: IN_FLIGHT,
    calls,
    seconds: elapsedMs / 1_000,
    callsPerSecond: perSecond,
    worstSecond: Math.min(...counts.slice(1).map((count, i) => count - (counts[i] ?? 0))),
    cpuMsPerCall: (cpu.user + cpu.system) / 1_000 / calls,
    p50Ms: quantile(latenciesMs.values, 0.5),
    p95Ms: quantile(latenciesMs.values, 0.95),
    p99Ms: quantile(latenciesMs.values, 0.99),
    rssFirstMiB: rssMiB[0] ?? Number.NaN,
    rssLastMiB: rssMiB.at(-1) ?? Number.NaN,
    rssMaxMiB: Math.max(...rssMiB),
    growthMiBPerMillion: growthMiB,
  };
  return {
    bench: 'throughput',
    machine: describeMachine(),
    method: METHOD,
    rows: [row, ...looks.filter(isShown).map(describeLook)],
    ratios: {},
    goals: [
      {
        goal: `durable governed calls in a second, at least ${GOAL_PER_SECOND}`,
        measured: perSecond,
        reached: perSecond >= GOAL_PER_SECOND,
      },
      ...(Number.isNaN(growthMiB)
        ? []
        : [
            {
              goal: `MiB that a million calls add, at most ${GOAL_GROWTH_MIB}`,
              measured: growthMiB,
              reached: growthMiB <= GOAL_GROWTH_MIB,
            },
          ]),
    ],
    missing: Number.isNaN(growthMiB) ? ['growth of memory: it takes at least 200 s (`--seconds 200`)'] : [],
  };
}

/** What the process held when so many calls were done. */
interface Look {
  readonly calls: number;
  readonly rssMiB: number;
  readonly heapMiB: number;
}

function look(calls: number): Look {
  collectGarbage();
  const { rss, heapUsed } = process.memoryUsage();
  return { calls, rssMiB: rss / 2 ** 20, heapMiB: heapUsed / 2 ** 20 };
}

const SHOWN = 20;

/** Twenty of them, evenly, and the last. */
function isShown(_: Look, index: number, { length }: readonly Look[]): boolean {
  return (length - 1 - index) % Math.ceil(length / SHOWN) === 0;
}

function describeLook({ calls, rssMiB, heapMiB }: Look): object {
  return { name: 'memory', calls, rssMiB, heapMiB };
}

/** Keeps `IN_FLIGHT` calls under way until the time is up, and waits for the last of them. */
async function drive(call: () => Promise<void>, durationMs: number, onCall: (ms: number) => void): Promise<void> {
  const endMs = systemClock.monotonicMs() + durationMs;
  const work = async () => {
    for (let nowMs = systemClock.monotonicMs(); nowMs < endMs; ) {
      await call();
      const thenMs = systemClock.monotonicMs();
      onCall(thenMs - nowMs);
      nowMs = thenMs;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
}

/** Every nth value, n doubling whenever it is full, so that the bench's own memory does not grow while it measures. */
class Reservoir {
  values: number[] = [];
  readonly #capacity: number;
  #every = 1;
  #seen = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(value: number): void {
    if (this.#seen++ % this.#every !== 0) return;
    this.values.push(value);
    if (this.values.length < this.#capacity) return;
    this.values = this.values.filter((_, index) => index % 2 === 0);
    this.#every *= 2;
  }
}

/** MiB per call over the second half, by least squares through the lows: other threads' garbage is not growth. */
function slopeOfLows(looks: readonly Look[]): number {
  const half = looks.slice(Math.floor(looks.length / 2));
  const tenth = Math.floor(half.length / 10);
  if (tenth < 2) return Number.NaN;
  const lows = Array.from({ length: 10 }, (_, i) =>
    half.slice(i * tenth, (i + 1) * tenth).reduce((low, look) => (look.rssMiB < low.rssMiB ? look : low)),
  );
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanCalls = mean(lows.map(({ calls }) => calls));
  const meanRss = mean(lows.map(({ rssMiB }) => rssMiB));
  const covariance = lows.reduce((sum, low) => sum + (low.calls - meanCalls) * (low.rssMiB - meanRss), 0);
  return covariance / lows.reduce((sum, low) => sum + (low.calls - meanCalls) ** 2, 0);
}
