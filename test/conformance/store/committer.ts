import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('./commit-until-killed.ts', import.meta.url));

/** A running `commit-until-killed`, and what it has said. */
export interface Committer {
  readonly child: ChildProcess;
  /** Sequence numbers of acknowledged events. */
  readonly acknowledged: number[];
  /** Everything else it said: `opened`, `refused …`, `fault …`, and anything it did not mean to say. */
  readonly said: string[];
  /** Resolves when it says a line that starts so; rejects when it ends first. */
  says(start: string): Promise<void>;
  /** Resolves when it has ended and all it said is here. */
  readonly ended: Promise<void>;
}

/** Starts the program. `shell` is put before it, for limits that only a shell can set. */
export function startCommitter(path: string, options: SpawnOptions = {}, shell = ''): Committer {
  const command = [process.execPath, program, path];
  const child =
    shell === ''
      ? spawn(process.execPath, command.slice(1), { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
      : spawn('sh', ['-c', `${shell}; exec "$@"`, 'sh', ...command], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const acknowledged: number[] = [];
  const said: string[] = [];
  const waiting: { start: string; resolve: () => void }[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    if (line.startsWith('seqs ')) acknowledged.push(...line.slice(5).split(' ').map(Number));
    else said.push(line);
    for (const { start, resolve } of waiting) if (line.startsWith(start)) resolve();
  });
  child.stderr.on('data', (data) => said.push(String(data)));
  const ended = Promise.all([once(child, 'exit'), once(lines, 'close')]).then(() => {});
  return {
    child,
    acknowledged,
    said,
    ended,
    says: (start) =>
      Promise.race([
        new Promise<void>((resolve) => waiting.push({ start, resolve })),
        ended.then(() => {
          if (!said.some((line) => line.startsWith(start))) throw new Error(`it ended, and said:\n${said.join('\n')}`);
        }),
      ]),
  };
}
