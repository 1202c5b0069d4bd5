/** The thread's program in Node. */
import { parentPort } from 'node:worker_threads';
import { serveSnippets } from './serve-snippets.ts';
import type { ToWorker } from './snippet.ts';

serveSnippets(
  (message) => parentPort?.postMessage(message),
  (take) => parentPort?.on('message', (message: ToWorker) => take(message)),
);
