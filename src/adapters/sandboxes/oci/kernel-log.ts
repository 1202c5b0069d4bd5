import { execFile } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '../../../base/fault.ts';
import { seeksMetadata } from '../../../policy/egress/metadata-service.ts';
import type { EscapeAttempt } from '../../../ports/sandbox.ts';
import { type Architecture, tables } from '../process/syscalls.ts';

/** Calls that are younger than gVisor’s own list of names are none to it: it answers that there are none such. */
const FIRST_YOUNG = 424;
const FORKS = ['clone', 'fork', 'vfork'];
const IDENTITY = ['setuid', 'setgid', 'setreuid', 'setregid', 'setresuid', 'setresgid'];
const LOOK_MS = 20;
const PIECE_BYTES = 65_536;
/** What a program can say at once, by asking without end: its kernel waits until that was read. */
const PIECES_AT_ONCE = 4;
const LINE_CHARS = 4_096;

/** What no ordinary program asks for, and what it takes an argument to tell of, by the names gVisor knows. */
export function listWatched(architecture: Architecture): readonly string[] {
  const deadly = [...tables.deadly].flatMap(([name, { [architecture]: number }]) =>
    number !== undefined && number < FIRST_YOUNG ? [name] : [],
  );
  return [...deadly, ...IDENTITY, ...FORKS, 'socket', 'connect', 'sendto'];
}

const DEADLY = new RegExp(` E (?:${[...tables.deadly.keys()].join('|')})\\(`);
const TO_BECOME_ROOT = / E set(?:re|res)?[ug]id\((?:0x[0-9a-f]+, )*0x0[,)]/;
const NEW_NAMESPACE = / E clone\([^,]*CLONE_NEW/;
const RAW_SOCKET = / E socket\(AF_INET6?, SOCK_RAW| E socket\((?!AF_(?:UNSPEC|UNIX|INET6?|NETLINK)\b)/;
const TOWARDS = / [EX] (?:connect|sendto)\(.*\{Family: AF_INET6?, Addr: ([^,]*), Port: (\d+)\}(.*)/;
const REFUSED = /errno=111\b/;
const TOO_MANY = / X (?:clone|fork|vfork)\(.*errno=11\b/;
/** What gVisor writes once its kernel runs the program; and whatever is traced, the program did. */
const BEGUN = /\] Process should have started|\] .* E \w+\(/;
/** What is written where its kernel cannot go on, or is gone: its own end, and none of the program’s. */
const FAILED = /^W.*\] (?:FATAL ERROR: |Wait RPC to container )/;
const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.|0\.0\.0\.0$|::$)/;
const NAMES_PORT = '53';

/**
 * What a line of gVisor’s trace tells of. The name of the program in it is the program’s to choose: it can make a line
 * tell of more than happened, and of no less.
 */
export function readTrace(line: string): 'system-call' | 'processes' | 'metadata' | 'network' | undefined {
  for (const one of [DEADLY, TO_BECOME_ROOT, NEW_NAMESPACE, RAW_SOCKET]) if (one.test(line)) return 'system-call';
  if (TOO_MANY.test(line)) return 'processes';
  const [, address = '', port, rest = ''] = TOWARDS.exec(line) ?? [];
  if (port === undefined) return undefined;
  if (seeksMetadata(address)) return 'metadata';
  return !LOOPBACK.test(address) || port === NAMES_PORT || REFUSED.test(rest) ? 'network' : undefined;
}

/** What the kernel of one sandbox tells of what it is asked: read while it runs, through a pipe, and kept nowhere. */
export class KernelLog implements Disposable {
  readonly path: string;
  /** Settles when the program begins. */
  readonly begun: Promise<void>;
  readonly #begin: () => void;
  readonly #descriptor: number;
  readonly #timer: NodeJS.Timeout;
  readonly #counts = { 'system-call': 0, processes: 0, metadata: 0, network: 0 };
  #rest = '';
  #hasBegun = false;
  #hasFailed = false;

  private constructor(path: string) {
    this.path = path;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.begun = promise;
    this.#begin = resolve;
    // Open to be written as well, so that it has no end before it is closed.
    this.#descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    this.#timer = setInterval(() => this.#read(PIECES_AT_ONCE), LOOK_MS).unref();
  }

  /** Makes it in a folder. Rejects with a `Fault` E_SANDBOX. */
  static async open(folder: string): Promise<KernelLog> {
    const path = join(folder, 'kernel.log');
    await new Promise<void>((resolve, reject) =>
      execFile('mkfifo', ['-m', '600', path], { env: { PATH: '/usr/bin:/bin' } }, (cause) =>
        cause === null ? resolve() : reject(new Fault('E_SANDBOX', 'a pipe could not be made', { cause })),
      ),
    );
    return new KernelLog(path);
  }

  /** How far it came, by what was read until now. */
  get cameTo(): 'nothing' | 'program' | 'end' {
    if (!this.#hasBegun) return 'nothing';
    return this.#hasFailed ? 'program' : 'end';
  }

  /** What it told of, once nothing runs any more. */
  finish(): readonly EscapeAttempt[] {
    this.#read(Number.POSITIVE_INFINITY);
    const attempts: EscapeAttempt[] = [];
    if (this.#counts['system-call'] > 0)
      attempts.push({
        kind: 'system-call',
        severity: 'high',
        detail: 'it asked its kernel for something no program inside is given',
      });
    if (this.#counts.processes > 0)
      attempts.push({
        kind: 'processes',
        severity: 'medium',
        detail: 'it started more processes than its profile gives',
      });
    if (this.#counts.metadata > 0)
      attempts.push({ kind: 'network', severity: 'high', detail: 'it tried to reach a metadata service' });
    if (this.#counts.network > 0)
      attempts.push({
        kind: 'network',
        severity: 'medium',
        detail: `it tried ${this.#counts.network} times to reach a network where there is none`,
      });
    return attempts;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    closeSync(this.#descriptor);
  }

  #read(pieces: number): void {
    const piece = Buffer.alloc(PIECE_BYTES);
    for (let left = pieces; left > 0; left--) {
      let bytes: number;
      try {
        bytes = readSync(this.#descriptor, piece);
      } catch {
        return; // there is nothing to read now
      }
      const lines = (this.#rest + piece.toString('latin1', 0, bytes)).split('\n');
      this.#rest = lines.pop()?.slice(-LINE_CHARS) ?? '';
      for (const line of lines) {
        if (BEGUN.test(line)) this.#hasBegun = true;
        if (FAILED.test(line)) this.#hasFailed = true;
        const told = readTrace(line);
        if (told !== undefined) this.#counts[told] += 1;
      }
      if (this.#hasBegun) this.#begin();
    }
  }
}
