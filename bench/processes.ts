import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { getDefaultEnvironment } from '@modelcontextprotocol/client/stdio';

/** A program of ours that runs beside the bench, and everything it started in turn. */
export interface Running {
  /** The first line it printed on stdout, without the line end. Rejects if it ends before. */
  readonly firstLine: Promise<string>;
  stop(): Promise<void>;
}

const STOP_TIMEOUT_MS = 3_000;

/** The environment that every program gets: the same few variables, and what is added. */
export function environment(added: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { ...getDefaultEnvironment(), ...added };
}

/** Starts a program of Node with a process group of its own, so that stopping it leaves nothing behind. */
export function start(args: readonly string[], env = environment()): Running {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, env });
  const errors: string[] = [];
  child.stderr.on('data', (data: Buffer) => {
    errors.push(data.toString());
    if (errors.length > 50) errors.shift();
  });
  const firstLine = new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (data: Buffer) => {
      if (!text.includes('\n')) text += data.toString();
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`${args.join(' ')} ended with ${code}: ${errors.join('').slice(-2_000)}`)),
    );
  });
  firstLine.catch(() => undefined); // whoever awaits it is told; it may be nobody
  return { firstLine, stop: () => stop(child) };
}

/** Runs a program of Node to its end and returns its stdout. */
export async function runToEnd(args: readonly string[], env = environment()): Promise<string> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  const [output, errors] = await Promise.all([readAll(child.stdout), readAll(child.stderr)]);
  if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve));
  if (child.exitCode !== 0) throw new Error(`${args.join(' ')} ended with ${child.exitCode}: ${errors.slice(-2_000)}`);
  return output;
}

/** A port of loopback that was free a moment ago. */
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address !== null && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

/** Tries until it works or the time is up; then rejects with the last reason. */
export async function retry<T>(attempt: () => Promise<T>, timeoutMs: number): Promise<T> {
  const pauseMs = 100;
  for (let waitedMs = 0; ; waitedMs += pauseMs) {
    try {
      return await attempt();
    } catch (error) {
      if (waitedMs >= timeoutMs) throw error;
      await sleep(pauseMs);
    }
  }
}

async function readAll(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  signalGroup(child, 'SIGTERM');
  await Promise.race([ended, sleep(STOP_TIMEOUT_MS)]);
  signalGroup(child, 'SIGKILL');
  await ended;
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // the group has ended already
  }
}
