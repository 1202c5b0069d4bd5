import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { startProgram } from '../../adapters/sandboxes/program/start-program.ts';
import { Fault } from '../../base/fault.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { listWalls } from '../run/list-walls.ts';

export interface ScriptWithinWalls {
  readonly loaded: LoadedConfig;
  /** The data folder. */
  readonly data: string;
  readonly workspace: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A script that needs nothing but Node. */
  readonly script: string;
  readonly argument: string;
}

/**
 * Runs a script of ours where `chaperone run` would run a program, without its ways out, and gives what it printed.
 * Rejects with a `Fault`: E_SANDBOX_UNAVAILABLE, E_INTERNAL where the script failed.
 */
export async function runWithinWalls(options: ScriptWithinWalls): Promise<string> {
  const { loaded, data, environment, script, argument } = options;
  const workspace = await realpath(options.workspace);
  // As it is by the time a program is run: what is not there cannot be hidden.
  await mkdir(data, { recursive: true, mode: 0o700 });
  const ways = await mkdtemp(join(tmpdir(), 'chaperone-ways-'));
  const inside = `/run/script.m${extname(script).slice(1)}`;
  try {
    const { child, ended } = await startProgram({
      command: ['/run/node', '--no-warnings', inside, argument],
      workspace,
      cwd: workspace,
      readable: [],
      ...(await listWalls(loaded, data, workspace, environment)),
      ways,
      env: { PATH: environment['PATH'] ?? '' },
      ports: {},
      path: environment['PATH'] ?? '',
      stdio: 'pipe',
      files: [{ from: script, to: inside }],
    });
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const code = await ended;
    if (code !== 0) throw new Fault('E_INTERNAL', `the script ended with ${code}: ${stderr.slice(0, 1_000)}`);
    return stdout;
  } finally {
    await rm(ways, { recursive: true, force: true });
  }
}
