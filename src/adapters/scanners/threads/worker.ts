import { parentPort } from 'node:worker_threads';
import { type Job, runJob } from './job.ts';

/** What a thread says of its job. Only the kind of a failure crosses: its message could quote what was scanned. */
export type FromThread = { readonly answer: string } | { readonly failed: string };

const port = parentPort;
if (port === null) throw new Error('this file runs in a thread');

port.on('message', (job: Job) => {
  let said: FromThread;
  try {
    said = { answer: runJob(job) };
  } catch (error) {
    said = { failed: error instanceof Error ? error.name : 'unknown' };
  }
  port.postMessage(said);
});
