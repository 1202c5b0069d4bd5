import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { Duplex, type Readable, type Writable } from 'node:stream';
import { limits } from '../../../base/limits.ts';
import { LineReader } from '../../../base/line-reader.ts';
import type { RpcMessage } from '../../../model/json-rpc.ts';
import type { WallPipe } from '../../../ports/sandbox.ts';
import { readBounded } from './read-bounded.ts';
import { type Wire, WireFailure } from './wire.ts';

/** A program to start. `env` is the whole environment: nothing of the gateway's own is inherited. */
export interface StdioServerParameters {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What it is given from descriptor 3 on. */
  readonly descriptors?: readonly ('pipe' | 'ignore' | number)[];
  /** Called with those pipes when its process was started, which may wait for that. */
  readonly begin?: (pipes: readonly WallPipe[]) => Promise<void>;
  /** Called when its process has ended, with its exit code: takes down what was set up for it. */
  readonly release?: (exitCode?: number) => Promise<void>;
  /** Aborted once another process should take its place. */
  readonly stale?: AbortSignal;
}

const STANDARD_STREAMS = 3;
const GRACE_MS = 1_500;
const STDERR_LINE_CHARS = 4_096;
/** What may wait for a server that does not read: one that asks without end and reads no answer would fill memory. */
const UNREAD_BYTES = 67_108_864;

/**
 * A server as a child process that speaks on its standard streams. It leads its own process group, which is ended as a
 * whole. `onStderr` gets what it writes to its standard error, in lines cut at 4,096 characters: untrusted text.
 */
export class StdioWire implements Wire {
  readonly streams = false;
  readonly #parameters: StdioServerParameters;
  readonly #onStderr: (line: string) => void;
  #child: ChildProcessByStdio<Writable, Readable, Readable> | undefined;
  #ended = false;
  #closing: Promise<void> | undefined;
  onMessage: (message: RpcMessage) => void = () => {};
  onClose: () => void = () => {};

  get stale(): boolean {
    return this.#parameters.stale?.aborted === true;
  }

  constructor(parameters: StdioServerParameters, onStderr: (line: string) => void) {
    this.#parameters = parameters;
    this.#onStderr = onStderr;
  }

  async start(): Promise<void> {
    const { command, args, env, cwd, descriptors = [], begin } = this.#parameters;
    const child = spawn(command, [...args], {
      env: { ...env },
      ...(cwd === undefined ? {} : { cwd }),
      stdio: ['pipe', 'pipe', 'pipe', ...descriptors],
      detached: true,
      windowsHide: true,
    }) as ChildProcessByStdio<Writable, Readable, Readable>; // its standard streams are pipes, whatever comes after
    this.#child = child;
    const input = new LineReader(
      limits.messageBytes,
      (line) => this.#receive(line),
      () => void this.close(),
    );
    child.stdout.on('data', (chunk: Buffer) => input.push(chunk));
    const complaints = new LineReader(STDERR_LINE_CHARS, (line) => this.#onStderr(line.toString('utf8')), 'cut');
    child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk));
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => void this.close());
    child.stdout.once('end', () => void this.close());
    child.once('exit', () => void this.close());
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (cause) => {
        this.#end();
        reject(new WireFailure('unreachable', 'no', 'the program could not be started', { cause }));
      });
    });
    await begin?.(
      child.stdio.slice(STANDARD_STREAMS).flatMap((stream) => (stream instanceof Duplex ? toPipe(stream) : [])),
    );
  }

  send(message: RpcMessage): Promise<void> {
    const child = this.#child;
    if (child === undefined || this.#ended || !child.stdin.writable) {
      return Promise.reject(new WireFailure('unreachable', 'no', 'the server’s process has ended'));
    }
    if (child.stdin.writableLength > UNREAD_BYTES) {
      void this.close();
      return Promise.reject(new WireFailure('unreachable', 'no', 'the server does not read what it is sent'));
    }
    // Not awaited until flushed: a pipe that breaks later ends the wire, which answers everything that waits.
    child.stdin.write(`${JSON.stringify(message)}\n`);
    return Promise.resolve();
  }

  useVersion(): void {}

  async listen(): Promise<void> {}

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  /** As the protocol asks: end its input, then terminate, then kill, each after a while. */
  async #shutDown(): Promise<void> {
    const child = this.#child;
    this.#end();
    if (child?.pid === undefined) return this.#parameters.release?.();
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    if (child.exitCode === null && child.signalCode === null) {
      child.stdin.end();
      if (!(await within(exited, GRACE_MS))) killGroup(child.pid, 'SIGTERM');
      await within(exited, GRACE_MS);
    }
    // Also when the leader has gone: what it started may still be there.
    killGroup(child.pid, 'SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await within(exited, GRACE_MS);
    await this.#parameters
      .release?.(child.exitCode ?? undefined)
      .catch(() => this.#onStderr('[its sandbox could not be taken down]'));
  }

  #receive(line: Buffer): void {
    if (this.#ended) return;
    let value: unknown;
    try {
      value = JSON.parse(line.toString('utf8'));
    } catch {
      this.#onStderr('[a line on standard output that is not JSON]');
      return;
    }
    const message = readBounded(value);
    if (message) this.onMessage(message);
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.onClose();
  }
}

function toPipe(stream: Duplex): WallPipe {
  stream.on('error', () => {}); // a pipe that breaks shows in how the program ends
  return {
    read: (take, ended) => {
      stream.setEncoding('latin1').on('data', take);
      stream.once('close', ended);
    },
    write: (text) => void stream.end(text),
  };
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group has ended already.
  }
}

async function within(event: Promise<void>, timeoutMs: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), timeoutMs);
  try {
    return await Promise.race([event.then(() => true as const), late]);
  } finally {
    clearTimeout(timer);
  }
}
