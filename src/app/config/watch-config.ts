import { type FSWatcher, watch } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Digest, digestBytes } from '../../base/digest.ts';
import { type Fault, toFault } from '../../base/fault.ts';
import { type LoadedConfig, loadConfig } from './load-config.ts';
import type { ParseOptions } from './parse-config.ts';

/** A version of the configuration and what was built from it. */
export interface ActiveConfig<Bundle> {
  readonly loaded: LoadedConfig;
  readonly bundle: Bundle;
}

export interface WatchOptions<Bundle> extends ParseOptions {
  readonly file: string;
  /** What runs now. */
  readonly initial: ActiveConfig<Bundle>;
  /** Makes what a version means. Whatever it throws rejects the version. */
  readonly build: (loaded: LoadedConfig) => Promise<Bundle>;
  /** Puts a version into force. If it throws, the version is rejected like one that did not build. */
  readonly activate: (next: ActiveConfig<Bundle>, previous: ActiveConfig<Bundle>) => Promise<void>;
  /** Told once for each wrong content. The previous version stays in force. */
  readonly onRejected: (fault: Fault) => void;
  readonly signal?: AbortSignal;
  /** How long the files have to be at rest before they are read, and again before they are believed. */
  readonly settleMs?: number;
  /** How often the files are read even if the system reports no change. */
  readonly pollMs?: number;
}

export interface ConfigWatch<Bundle> {
  /** What is in force. */
  readonly active: ActiveConfig<Bundle>;
  /** Reads the files now, and tries a rejected content again. Resolves when that is done; never rejects. */
  reload(): Promise<void>;
  /** Stops watching and waits for a check in progress. */
  close(): Promise<void>;
}

/** What reading the files came to. `key` is equal for equal contents, also for wrong ones. */
type Reading =
  | { readonly key: string; readonly loaded: LoadedConfig }
  | { readonly key: string; readonly fault: Fault };

const RESTS = 20;

/**
 * Watches the configuration and the files it names, and puts each new version into force if it is right. A version
 * that does not load, build or activate changes nothing but is reported. Folders are watched rather than files, so
 * that editors which rename and mounts which swap a symbolic link are seen; polling covers what the system does not
 * report. A content counts only after two readings that agree, so a half-written file is not taken for a new version.
 */
export function watchConfig<Bundle>(options: WatchOptions<Bundle>): ConfigWatch<Bundle> {
  const settleMs = options.settleMs ?? 100;
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const folders = new FolderWatch(() => schedule());
  let active = options.initial;
  let rejected: string | undefined;
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  const schedule = (): void => {
    if (signal.aborted) return;
    clearTimeout(timer);
    timer = setTimeout(() => enqueue(), settleMs);
    timer.unref();
  };
  const enqueue = (again = false): Promise<void> => {
    // A listener that throws must not end the watching.
    running = running.then(() => check(again)).catch(() => {});
    return running;
  };

  const check = async (again: boolean): Promise<void> => {
    if (signal.aborted) return;
    try {
      if (again) rejected = undefined;
      const reading = await readAtRest(options, active.loaded.digest, settleMs, signal);
      if (reading === undefined) return;
      await folders.follow([
        options.file,
        ...('loaded' in reading ? reading.loaded.files : active.loaded.files).map((each) => each.file),
      ]);
      if (reading.key === active.loaded.digest) {
        rejected = undefined;
        return;
      }
      if (reading.key === rejected) return;
      const fault = 'fault' in reading ? reading.fault : await tryActivate(reading.loaded);
      rejected = fault === undefined ? undefined : reading.key;
      if (fault !== undefined) options.onRejected(fault);
    } catch (error) {
      options.onRejected(toFault(error, 'E_INTERNAL', 'watching the configuration failed; the version in force stays'));
    }
  };

  const tryActivate = async (loaded: LoadedConfig): Promise<Fault | undefined> => {
    try {
      const next = { loaded, bundle: await options.build(loaded) };
      if (signal.aborted) return undefined;
      await options.activate(next, active);
      active = next;
      return undefined;
    } catch (error) {
      return toFault(error, 'E_CONFIG', 'the new configuration could not be put into force');
    }
  };

  const poll = setInterval(() => void enqueue(), options.pollMs ?? 2_000);
  poll.unref();
  const release = (): void => {
    clearTimeout(timer);
    clearInterval(poll);
    folders.close();
  };
  signal.addEventListener('abort', release, { once: true });
  if (signal.aborted) release();
  else void enqueue(); // what changed between loading and watching is seen too

  return {
    get active() {
      return active;
    },
    reload: () => enqueue(true),
    async close() {
      stop.abort();
      await running;
    },
  };
}

/** The files' content once two readings in a row agree; undefined if they never rest or watching ends. */
async function readAtRest(
  options: ParseOptions & { readonly file: string },
  known: Digest,
  settleMs: number,
  signal: AbortSignal,
): Promise<Reading | undefined> {
  let reading = await readOnce(options);
  for (let rest = 0; rest < RESTS; rest++) {
    if (reading.key === known) return reading;
    await wait(settleMs, undefined, { signal, ref: false }).catch(() => {});
    if (signal.aborted) return undefined;
    const next = await readOnce(options);
    if (next.key === reading.key) return next;
    reading = next;
  }
  return undefined;
}

async function readOnce(options: ParseOptions & { readonly file: string }): Promise<Reading> {
  try {
    const loaded = await loadConfig(options.file, options);
    return { key: loaded.digest, loaded };
  } catch (error) {
    const fault = toFault(error, 'E_CONFIG', 'the configuration could not be read');
    return { key: `wrong ${digestBytes(fault.message)}`, fault };
  }
}

/** Watches the folders that hold some files, and those that the files' symbolic links lead to. */
class FolderWatch {
  readonly #onChange: () => void;
  readonly #watchers = new Map<string, FSWatcher>();
  #closed = false;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  async follow(files: readonly string[]): Promise<void> {
    const folders = new Set<string>();
    for (const file of files) {
      folders.add(dirname(resolve(file)));
      const target = await realpath(file).catch(() => undefined);
      if (target !== undefined) folders.add(dirname(target));
    }
    if (this.#closed) return;
    for (const [folder, watcher] of this.#watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const folder of folders) if (!this.#watchers.has(folder)) this.#open(folder);
  }

  #open(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, this.#onChange);
      this.#watchers.set(folder, watcher);
      watcher.on('error', () => {
        // The folder went away or the system has no watches left. Polling goes on, and opens it again when it can.
        watcher.close();
        this.#watchers.delete(folder);
      });
    } catch {
      // As above: polling covers it.
    }
  }

  close(): void {
    this.#closed = true;
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }
}
