import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { root } from '../read-fences.ts';

const SHARED = ['src', 'node_modules', 'scripts', 'schema', 'tools', 'bench'];
const COPIED = ['package.json', '.npmrc', 'examples'];

/** A checkout to try things in, with a home folder of its own whose Cursor has one MCP server. */
export interface Scratch {
  readonly folder: string;
  readonly clientFile: string;
  /** The environment of a reader's shell there, in which `chaperone` is what the README says it is. */
  readonly env: NodeJS.ProcessEnv;
  dispose(): Promise<void>;
}

export async function makeScratch(): Promise<Scratch> {
  // A short name: a long one that ends at random may look like a secret in the argument of a server.
  const folder = await mkdtemp(join(tmpdir(), 'docs-'));
  await Promise.all(SHARED.map((name) => symlink(join(root, name), join(folder, name))));
  await Promise.all(COPIED.map((name) => cp(join(root, name), join(folder, name), { recursive: true })));
  const bin = join(folder, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'chaperone'), '#!/bin/sh\nexec npm run --silent chaperone -- "$@"\n');
  await chmod(join(bin, 'chaperone'), 0o755);
  const home = join(folder, 'home');
  const clientFile = join(home, '.cursor', 'mcp.json');
  await mkdir(join(home, '.cursor'), { recursive: true });
  const args = [join(folder, 'src/app/demo/mail-server.ts'), join(folder, 'examples/demo/mailbox.json')];
  await writeFile(
    clientFile,
    `${JSON.stringify({ mcpServers: { mail: { command: process.execPath, args } } }, null, 2)}\n`,
  );
  const path = [bin, join(root, 'node_modules', '.bin'), process.env['PATH'] ?? ''].join(delimiter);
  return {
    folder,
    clientFile,
    env: { PATH: path, HOME: home, NO_COLOR: '1', ...compiled() },
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
}

/** What the tests keep of their compiled sources, if anything: the commands of the documents are many, and start slowly. */
function compiled(): NodeJS.ProcessEnv {
  const folder = process.env['NODE_COMPILE_CACHE'];
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };
}

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export function run(scratch: Scratch, command: string, args: readonly string[]): Promise<Ran> {
  const child = spawn(command, args, { cwd: scratch.folder, env: scratch.env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** Starts what serves until it is stopped, and waits for its first line on stdout. */
export async function serve(scratch: Scratch, script: string): Promise<{ stop(): Promise<void> }> {
  const child: ChildProcess = spawn('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: scratch.folder,
    env: scratch.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // npm and the shell in between: all of them are stopped together
  });
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await Promise.race([
    new Promise((resolve) => child.stdout?.once('data', resolve)),
    closed.then(() => {
      throw new Error(`it ended by itself: ${stderr}`);
    }),
  ]);
  return {
    stop() {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM');
      return closed;
    },
  };
}

/** A port nobody listens on. */
export async function findPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}
