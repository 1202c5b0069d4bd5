import { NotAModule } from '../wasi/cap-memory.ts';
import { runWasi } from '../wasi/run-wasi.ts';
import type { FromWorker, ToWorker } from './snippet.ts';
import { prepareMachine, type SnippetMachine } from './snippet-machine.ts';

/**
 * The worker's side: prepares a machine, runs one snippet in it, and prepares the next, so that nothing of one is there
 * for another. `post` and `listen` are those of the thread it is in.
 */
export function serveSnippets(
  post: (message: FromWorker) => void,
  listen: (take: (message: ToWorker) => void) => void,
): void {
  let machine: Promise<SnippetMachine> | undefined;
  let calls = 0;
  const waiting = new Map<number, { resolve(json: string): void; reject(error: Error): void }>();
  const call = (name: string, json: string) => {
    const id = ++calls;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    waiting.set(id, { resolve, reject });
    post({ kind: 'call', id, name, json });
    return promise;
  };
  listen((message) => {
    switch (message.kind) {
      case 'prepare':
        machine = prepareMachine(message.memoryBytes);
        void machine.then(() => post({ kind: 'ready' }));
        return;
      case 'run':
        void machine
          ?.then((prepared) => prepared.run(message.snippet, call))
          .then((ending) => post({ kind: 'ended', ending }));
        machine = undefined;
        return;
      case 'run-wasi':
        void runWasi(message.run, (name, json, room) => post({ kind: 'wasi-call', name, json, room })).then(
          (ending) => post({ kind: 'wasi-ended', ending }),
          (error: unknown) =>
            post({
              kind: 'wasi-refused',
              message: error instanceof NotAModule ? error.message : 'it does not compile',
            }),
        );
        return;
      case 'answer':
        waiting.get(message.id)?.resolve(message.json);
        waiting.delete(message.id);
        return;
      case 'failure':
        waiting.get(message.id)?.reject(new Error(message.message));
        waiting.delete(message.id);
    }
  });
}
