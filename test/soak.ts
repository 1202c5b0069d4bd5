/**
 * The long layer: `npm run soak [-- --only PART --pairs N --seeds N --seed N --calls N --minutes N --write]`. The full differential against Cedar, a long
 * simulation with new seeds, a long time of work whose memory is looked at, the kill loops, and every hostile program in a machine of its own. Prints one JSON line a part and ends with the first failure. Its last result is recorded
 * in `CONTRIBUTING.md`.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { simulate } from './simulation/simulate.ts';

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '100000' },
    seeds: { type: 'string', default: '20000' },
    seed: { type: 'string' },
    calls: { type: 'string', default: '300000' },
    minutes: { type: 'string', default: '60' },
    only: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
const firstSeed = Number(values.seed ?? Date.now() % 1_000_000_000);

const parts: Readonly<Record<string, () => boolean | Promise<boolean>>> = {
  differential: () => run('test/differential/soak.ts', ['--pairs', values.pairs, '--seed', String(firstSeed)]),
  simulation: simulateLong,
  record: soakMemory,
  kill: () => run('node_modules/vitest/vitest.mjs', ['run', '--project', 'conformance', '--project', 'e2e', 'kill']),
  escape: () =>
    run('node_modules/vitest/vitest.mjs', ['run', '--project', 'escape', 'microvm'], { CHAPERONE_ESCAPE: 'all' }),
};
for (const [part, soak] of Object.entries(parts))
  if (values.only === undefined || values.only === part) report(part, await soak());

/** In a process of its own, which can be told to collect its garbage. */
async function soakMemory(): Promise<boolean> {
  const args = [
    ...['--expose-gc', 'test/soak-memory.ts', '--calls', values.calls, '--minutes', values.minutes],
    ...(values.write ? ['--write'] : []),
  ];
  return spawnSync(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status === 0;
}

async function simulateLong(): Promise<boolean> {
  for (let seed = firstSeed; seed < firstSeed + Number(values.seeds); seed++) {
    const { violations } = await simulate(seed);
    if (violations.length === 0) continue;
    process.stderr.write(`seed ${seed}\n${violations.join('\n')}\n`);
    return false;
  }
  return true;
}

function run(script: string, args: readonly string[], more: Readonly<Record<string, string>> = {}): boolean {
  const env = { ...process.env, ...more };
  return spawnSync(process.execPath, [script, ...args], { stdio: ['ignore', 'inherit', 'inherit'], env }).status === 0;
}

function report(part: string, passed: boolean): void {
  process.stdout.write(
    `${JSON.stringify({ part, passed, seed: firstSeed, memoryMb: Math.round(process.memoryUsage().rss / 1_048_576) })}\n`,
  );
  if (!passed) process.exit(1);
}
