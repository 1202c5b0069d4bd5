import { execFile } from 'node:child_process';
import { chmodSync, closeSync, constants, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../../base/fault.ts';
import type { EscapeAttempt } from '../../../ports/sandbox.ts';
import { type GroupCounts, readCounts } from '../process/cgroups.ts';
import { type NetworkCounters, openNetworkCounters } from '../process/network-counters.ts';

/** Where the pipes are, as the container sees them. */
const INSIDE = '/gate';
const PIPES = ['told', 'go', 'leave'] as const;
const LOOK_MS = 25;
const TOLD_BYTES = 4_096;

/**
 * The first process of the container: it says that it is there, waits until the host watches, runs the program, and waits
 * until the host has read what was counted, which goes with the container. The program cannot end it: a kernel keeps the
 * first process of a namespace from everybody in it. One that speaks in its place, or takes its answer, makes the host
 * look too early, or itself be ended for its time.
 */
export function watchedCommand(argv: readonly string[]): readonly string[] {
  const script = [
    'exec 8>&2 2>/dev/null',
    `echo up >${INSIDE}/told && read -r _ <${INSIDE}/go || exit 126`,
    '"$@" 2>&8 8>&-',
    'code=$?',
    `echo end >${INSIDE}/told && read -r _ <${INSIDE}/leave`,
    'exit $code',
  ].join('\n');
  return ['/bin/sh', '-c', script, 'sh', ...argv];
}

/** Watches one container from before its program begins until after it has ended. */
export class WatchedStart implements Disposable {
  /** The folder of the pipes. */
  readonly mount: { readonly from: string; readonly to: string };
  /** Settles when the program is told to go; rejects with a `Fault` E_SANDBOX where it cannot be watched. */
  readonly begun: Promise<void>;
  readonly #findPid: () => Promise<number>;
  readonly #pipes: Readonly<Record<(typeof PIPES)[number], number>>;
  readonly #timer: NodeJS.Timeout;
  readonly #settle: { readonly go: () => void; readonly fail: (error: unknown) => void };
  #text = '';
  #network: NetworkCounters | undefined;
  #group: Group | undefined;
  #counts: GroupCounts | undefined;
  #leftovers = 0;
  #isBusy = false;
  #state: 'waits' | 'runs' | 'ended' = 'waits';

  private constructor(folder: string, findPid: () => Promise<number>) {
    this.mount = { from: folder, to: INSIDE };
    this.#findPid = findPid;
    const open = (name: string) => openSync(join(folder, name), constants.O_RDWR | constants.O_NONBLOCK);
    this.#pipes = { told: open('told'), go: open('go'), leave: open('leave') };
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    promise.catch(() => {}); // whoever waits for it hears of it
    this.begun = promise;
    this.#settle = { go: resolve, fail: reject };
    this.#timer = setInterval(() => void this.#look(), LOOK_MS).unref();
  }

  /** `findPid` asks the engine for the container’s first process, once that is there. Rejects with a `Fault` E_SANDBOX. */
  static async open(folder: string, findPid: () => Promise<number>): Promise<WatchedStart> {
    const own = join(folder, 'gate');
    mkdirSync(own);
    chmodSync(own, 0o755);
    const paths = PIPES.map((name) => join(own, name));
    await new Promise<void>((resolve, reject) =>
      execFile('mkfifo', ['-m', '666', ...paths], { env: { PATH: '/usr/bin:/bin' } }, (cause) =>
        cause === null ? resolve() : reject(new Fault('E_SANDBOX', 'a pipe could not be made', { cause })),
      ),
    );
    return new WatchedStart(own, findPid);
  }

  /** What its control group counted; nothing where the program never began. */
  get counts(): GroupCounts | undefined {
    return this.#counts;
  }

  /** How far it came. */
  get cameTo(): 'nothing' | 'program' | 'end' {
    return ({ waits: 'nothing', runs: 'program', ended: 'end' } as const)[this.#state];
  }

  /** What else was noticed. To be asked when nothing of it runs any more. */
  finish(): readonly EscapeAttempt[] {
    const attempts: EscapeAttempt[] = [];
    const tried = this.#network?.count() ?? 0;
    if (tried > 0)
      attempts.push({
        kind: 'network',
        severity: 'medium',
        detail: `it tried ${tried} times to reach a network where there is none`,
      });
    if (this.#leftovers > 0)
      attempts.push({
        kind: 'leftover',
        severity: 'low',
        detail: `it left ${this.#leftovers} processes, which were ended`,
      });
    return attempts;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    for (const descriptor of Object.values(this.#pipes)) closeSync(descriptor);
    this.#network?.[Symbol.dispose]();
  }

  async #look(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      this.#listen();
      if (this.#state === 'waits' && this.#text.includes('up\n')) await this.#begin();
      else if (this.#state === 'runs') await this.#count();
    } catch (error) {
      this.#settle.fail(error);
    } finally {
      this.#isBusy = false;
    }
  }

  #listen(): void {
    const piece = Buffer.alloc(TOLD_BYTES);
    try {
      this.#text = (this.#text + piece.toString('latin1', 0, readSync(this.#pipes.told, piece))).slice(-TOLD_BYTES);
    } catch {
      // nothing was said since
    }
  }

  async #begin(): Promise<void> {
    const pid = await this.#findPid();
    this.#group = findGroup(await readFile(`/proc/${pid}/cgroup`, 'utf8'));
    this.#network = openNetworkCounters(pid);
    this.#text = '';
    this.#state = 'runs';
    writeSync(this.#pipes.go, '\n');
    this.#settle.go();
  }

  async #count(): Promise<void> {
    if (this.#group === undefined) return;
    const hasEnded = this.#text.includes('end\n');
    const processes = await readFile(join(this.#group.pids, 'cgroup.procs'), 'utf8').catch(() => '');
    // It is gone once the container is: then what was counted last counts.
    if (processes !== '') this.#counts = await readCounts(this.#group.memory, this.#group.pids);
    if (!hasEnded) return;
    this.#state = 'ended';
    this.#leftovers = Math.max(0, processes.trim().split('\n').length - 1);
    writeSync(this.#pipes.leave, '\n');
  }
}

interface Group {
  readonly memory: string;
  readonly pids: string;
}

const MOUNTED = '/sys/fs/cgroup';

/** Where the counters are of the group that a process is in, of version 1 or 2. */
function findGroup(text: string): Group {
  const find = (controller: string) => {
    for (const line of text.split('\n')) {
      const [, names = '', path = ''] = /^\d+:([^:]+):(.*)$/.exec(line) ?? [];
      if (names.split(',').includes(controller)) return join(MOUNTED, names, path);
    }
    const second = /^0::(.*)$/m.exec(text)?.[1] ?? '/';
    return join(MOUNTED, second);
  };
  return { memory: find('memory'), pids: find('pids') };
}
