import { closeSync, constants, openSync } from 'node:fs';
import { Fault } from '../../../base/fault.ts';
import type { EscapeAttempt, WallPipe } from '../../../ports/sandbox.ts';
import type { ControlGroup } from './cgroups.ts';
import { findTouched, type Laid, layDecoys } from './decoys.ts';
import { readEnding } from './finish-cell.ts';
import { countNetworkAttempts } from './network-counters.ts';
import { pipes } from './supervise.ts';

export interface WatchOptions {
  readonly group?: ControlGroup;
  /** Absolute paths of the host that it sees by the same name: nothing is laid out in them. */
  readonly mounted: readonly string[];
  /** Told of what is new. Where it rejects, it is told again. */
  readonly onAttempts: (attempts: readonly EscapeAttempt[]) => Promise<void>;
}

const STAND_MS = 30_000;
const LOOK_MS = 1_000;
const FIRST_PIPE = pipes.info;

/** What a server’s walls notice while it lives. A server that reads on and on is told of once for each thing it does. */
export class WatchedServer {
  readonly #options: WatchOptions;
  readonly #told = new Set<string>();
  #decoys: readonly Laid[] = [];
  #network: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Lets a server begin that was started and waits, once what notices is in its place. Rejects with a `Fault` E_SANDBOX. */
  async begin(given: readonly WallPipe[]): Promise<void> {
    const at = (index: number) => given[index - FIRST_PIPE];
    const pid = await readUntil(at(pipes.info), /"child-pid"\s*:\s*(\d+)/);
    at(pipes.block)?.write('x');
    await readUntil(at(pipes.report), /^(ready)$/m);
    this.#network = openSync(`/proc/${pid}/net/snmp`, constants.O_RDONLY);
    this.#decoys = layDecoys(`/proc/${pid}/root`, this.#options.mounted);
    at(pipes.go)?.write('\n');
    this.#timer = setInterval(() => void this.#look(0).catch(() => {}), LOOK_MS).unref();
  }

  /** Looks once more, when its process has ended. Rejects where what was noticed could not be told. */
  async end(exitCode: number): Promise<void> {
    clearInterval(this.#timer);
    try {
      await this.#look(exitCode);
    } finally {
      if (this.#network !== undefined) closeSync(this.#network);
      for (const { descriptor } of this.#decoys) closeSync(descriptor);
      this.#network = undefined;
      this.#decoys = [];
    }
  }

  #look(exitCode: number): Promise<void> {
    this.#looking = this.#looking.catch(() => {}).then(() => this.#tell(exitCode));
    return this.#looking;
  }

  async #tell(exitCode: number): Promise<void> {
    const counts = await this.#options.group?.count();
    const { attempts } = readEnding({
      report: '',
      exitCode,
      touched: findTouched(this.#decoys),
      networkAttempts: this.#network === undefined ? 0 : countNetworkAttempts(this.#network),
      counts,
      stopped: undefined,
    });
    // Of the network the number grows; what it says else is said once.
    const keyOf = ({ kind, detail }: EscapeAttempt) => (kind === 'network' ? kind : `${kind} ${detail}`);
    const fresh = attempts.filter((attempt) => !this.#told.has(keyOf(attempt)));
    if (fresh.length === 0) return;
    await this.#options.onAttempts(fresh);
    for (const attempt of fresh) this.#told.add(keyOf(attempt));
  }
}

/** What the first group of a pattern is in what a pipe says. */
function readUntil(pipe: WallPipe | undefined, pattern: RegExp): Promise<string> {
  let text = '';
  return new Promise((resolve, reject) => {
    const fail = () => {
      clearTimeout(timer);
      reject(new Fault('E_SANDBOX', 'the sandbox of a server did not come up'));
    };
    const timer = setTimeout(fail, STAND_MS);
    if (pipe === undefined) return fail();
    pipe.read((more) => {
      text += more;
      const found = pattern.exec(text)?.[1];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    }, fail);
  });
}
