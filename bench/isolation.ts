import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Fault } from '../src/base/fault.ts';
import { createChaperone } from '../src/index.ts';
import { describeMachine, type Report } from './report.ts';
import { quantile } from './sample.ts';
import type { Halted, ToStop } from './stop-process.ts';

const PER_SECOND = 1_000;
const RUN_UP_MS = 250;
const GOAL_MS = 50;
const AGENT = 'bench';

const ways = ['within', 'command', 'file'] as const;
type Way = (typeof ways)[number];
const NAMES: Readonly<Record<Way, string>> = {
  within: 'by the gateway (HTTP, SDK)',
  command: 'by the command',
  file: 'by a file alone',
};

const METHOD =
  `A gateway on SQLite on disk is called ${PER_SECOND} times a second, whatever the answers take. The agent is stopped in turns ` +
  'by the gateway itself, by another process as the command line does it, and by a file. Times are from ' +
  'being asked, and from having returned, to when a tool of that agent began to run for the last time, on the clock that both ' +
  'processes share. Then it is let back, and the next stop follows.';

/** What one stop came to, in ms. */
interface Trial {
  readonly askedToLastMs: number;
  readonly returnedToLastMs: number;
  readonly stopMs: number;
  /** Calls that were granted although they began after the stop had returned. */
  readonly late: number;
  readonly perSecond: number;
}

const nowNs = (): bigint => process.hrtime.bigint();
const ms = (ns: bigint): number => Number(ns) / 1e6;

/** What calls come to after a stop; and after very many of those in a minute, where a busy machine is slow to stop. */
const REFUSED: ReadonlySet<string> = new Set(['E_ISOLATED', 'E_REFUSALS']);

/** How long a stop takes until nothing more is granted, while calls go on. */
export async function measureIsolation({
  durationMs,
  tell,
}: {
  durationMs: number;
  tell: (line: string) => void;
}): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-bench-'));
  const data = join(folder, 'data');
  await writeFile(join(folder, 'chaperone.yaml'), JSON.stringify({ version: 1, data }));
  const chaperone = await createChaperone({
    folder,
    environment: {},
    notify: () => undefined,
    manifest: {
      version: 1,
      data,
      tools: { 'app/echo': { effect: 'read', consequence: 'low' } },
      agents: { [AGENT]: { tools: { 'app/echo': {} } } },
    },
  });
  const stopper = fork(fileURLToPath(new URL('./stop-process.ts', import.meta.url)), [folder], { execArgv: [] });
  try {
    await once(stopper, 'message');
    let lastRanNs = 0n;
    // Each stop has a run of its own: one of which very many calls were refused would not be looked at for a while.
    const openRun = async () => {
      const run = await chaperone.startRun({ agent: AGENT, task: 'bench', prompt: 'Measure.' });
      await run.guard({
        echo: {
          description: 'Returns the number.',
          inputSchema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
          execute: async ({ n }: { n: number }) => {
            lastRanNs = nowNs();
            return { n };
          },
        },
      });
      return run;
    };
    const resume = async (): Promise<void> => {
      const [stopped] = await chaperone.isolations();
      try {
        await chaperone.resume({ agent: AGENT }, { person: 'bo', reason: 'bench', seen: stopped?.seen ?? '' });
      } catch (error) {
        if (!(error instanceof Fault) || error.code !== 'E_STOP_UNSEEN') throw error;
        await resume(); // what a file stops was recorded between looking and letting back
      }
    };
    const stopWithin = async (): Promise<Halted> => {
      const askedNs = String(nowNs());
      await chaperone.stop({ agent: AGENT }, { person: 'ana', reason: 'bench' });
      return { askedNs, returnedNs: String(nowNs()) };
    };
    const trial = async (way: Way): Promise<Trial> => {
      await using run = await openRun();
      const granted: bigint[] = [];
      const load = startLoad(async () => {
        const beganNs = nowNs();
        const answer = await run.call('app/echo', { n: 1 });
        if (answer.kind === 'result') granted.push(beganNs);
        else if (!REFUSED.has(answer.code)) throw new Error(`a call came to ${answer.code}`);
      });
      await sleep(RUN_UP_MS);
      const halted = await (way === 'within'
        ? stopWithin()
        : askToStop(stopper, { agent: AGENT, byFile: way === 'file' }));
      await sleep(RUN_UP_MS / 2);
      const perSecond = await load.end();
      await resume();
      const [asked, returned] = [BigInt(halted.askedNs), BigInt(halted.returnedNs)];
      return {
        askedToLastMs: Math.max(0, ms(lastRanNs - asked)),
        returnedToLastMs: Math.max(0, ms(lastRanNs - returned)),
        stopMs: ms(returned - asked),
        late: granted.filter((beganNs) => beganNs > returned).length,
        perSecond,
      };
    };
    for (const way of ways) await trial(way); // warm
    tell(`stopping at ${PER_SECOND} calls a second for ${Math.round(durationMs / 1_000)} s`);
    const trials: Record<Way, Trial[]> = { within: [], command: [], file: [] };
    const until = performance.now() + durationMs;
    while (performance.now() < until) for (const way of ways) trials[way].push(await trial(way));
    const all = Object.values(trials).flat();
    const p99Ms = (way: Way) =>
      quantile(
        trials[way].map((each) => each.askedToLastMs),
        0.99,
      );
    const late = all.reduce((sum, each) => sum + each.late, 0);
    return {
      bench: 'isolation',
      machine: describeMachine(),
      method: METHOD,
      rows: ways.map((way) => summarize(NAMES[way], trials[way])),
      ratios: {},
      goals: [
        ...ways.map((way) => ({
          goal: `${NAMES[way]}: from being asked to the last grant, p99, at most ${GOAL_MS} ms`,
          measured: p99Ms(way),
          reached: p99Ms(way) <= GOAL_MS,
        })),
        { goal: 'calls granted that began after the stop had returned, none', measured: late, reached: late === 0 },
      ],
      missing: [],
    };
  } finally {
    stopper.disconnect();
    await chaperone.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function askToStop(stopper: ChildProcess, wanted: ToStop): Promise<Halted> {
  const done = once(stopper, 'message');
  stopper.send(wanted);
  const [halted] = (await done) as [Halted];
  return halted;
}

/** Calls so often a second, without waiting for answers. `end` waits for all of them, and gives how many a second there were. */
function startLoad(call: () => Promise<void>): { end(): Promise<number> } {
  const startMs = performance.now();
  const open = new Set<Promise<void>>();
  let made = 0;
  let failed: unknown;
  const timer = setInterval(() => {
    const due = ((performance.now() - startMs) / 1_000) * PER_SECOND;
    for (; made < due; made++) {
      const one = call()
        .catch((error: unknown) => {
          failed ??= error;
        })
        .finally(() => open.delete(one));
      open.add(one);
    }
  }, 1);
  return {
    async end() {
      clearInterval(timer);
      const seconds = (performance.now() - startMs) / 1_000;
      while (open.size > 0) await Promise.all(open);
      if (failed !== undefined) throw failed;
      return made / seconds;
    },
  };
}

function summarize(name: string, trials: readonly Trial[]): object {
  const of = (key: keyof Trial, q: number) =>
    quantile(
      trials.map((each) => each[key]),
      q,
    );
  return {
    name,
    stops: trials.length,
    callsPerSecond: of('perSecond', 0.5),
    askedToLastP50Ms: of('askedToLastMs', 0.5),
    askedToLastP99Ms: of('askedToLastMs', 0.99),
    returnedToLastP99Ms: of('returnedToLastMs', 0.99),
    stopP50Ms: of('stopMs', 0.5),
    stopP99Ms: of('stopMs', 0.99),
    late: trials.reduce((sum, each) => sum + each.late, 0),
  };
}
