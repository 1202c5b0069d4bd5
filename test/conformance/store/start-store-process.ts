import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Change, CommitResult, OpenIntent } from '../../../src/ports/store.ts';

export type Ask =
  | { readonly kind: 'commit'; readonly changes: readonly Change[] }
  | { readonly kind: 'commitMany'; readonly count: number; readonly inFlight: number }
  | { readonly kind: 'listAbandonedIntents' }
  | { readonly kind: 'close' };

export interface ToStoreProcess {
  readonly id: number;
  readonly ask: Ask;
}
/** The answer to the question of that number; number 0 says that the store is open. */
export interface FromStoreProcess {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** Another process that has a store open. */
export interface StoreProcess {
  readonly child: ChildProcess;
  commit(...changes: Change[]): Promise<CommitResult>;
  /** Appends events one by one; gives their numbers in the order of handing over. */
  commitMany(count: number, inFlight: number): Promise<readonly number[]>;
  listAbandonedIntents(): Promise<readonly OpenIntent[]>;
  close(): Promise<void>;
  kill(): Promise<void>;
}

const program = fileURLToPath(new URL('./store-process.ts', import.meta.url));

/** Resolves when the process has the store open. */
export async function startStoreProcess(path: string): Promise<StoreProcess> {
  const child = fork(program, [path], { execArgv: [] });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let count = 0;

  function wait(): [number, Promise<unknown>] {
    const deferred = Promise.withResolvers<unknown>();
    waiting.set(count, deferred);
    return [count++, deferred.promise];
  }
  function ask(question: Ask): Promise<unknown> {
    const [id, answer] = wait();
    child.send({ id, ask: question } satisfies ToStoreProcess);
    return answer;
  }
  child.on('message', ({ id, value, error }: FromStoreProcess) => {
    const deferred = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) deferred?.resolve(value);
    else deferred?.reject(new Error(error));
  });
  const exited = once(child, 'exit').then(() => {
    for (const { reject } of waiting.values()) reject(new Error('the process has ended'));
  });

  await wait()[1];
  return {
    child,
    // each question is answered with what the store's method of that name gives
    commit: (...changes) => ask({ kind: 'commit', changes }) as Promise<CommitResult>,
    commitMany: (many, inFlight) => ask({ kind: 'commitMany', count: many, inFlight }) as Promise<readonly number[]>,
    listAbandonedIntents: () => ask({ kind: 'listAbandonedIntents' }) as Promise<readonly OpenIntent[]>,
    async close() {
      await ask({ kind: 'close' });
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
