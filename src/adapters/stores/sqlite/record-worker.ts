import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../../base/assert.ts';
import type { RecordReader } from '../../../ports/ledger.ts';
import { openRecordReader } from './open-record-reader.ts';
import type { RecordAnswer, RecordAsk } from './open-record-thread.ts';
import { explain } from './to-fault.ts';

const port = parentPort;
assert(port !== null, 'the record is read in a worker thread');
const { path } = workerData as { readonly path: string }; // `openRecordThread` passes exactly this
let reader: RecordReader | undefined;

port.on('message', async (ask: RecordAsk) => {
  if (ask === 'close') {
    await reader?.close();
    port.close();
    return;
  }
  port.postMessage(await answer(ask));
});

/** Opened by the first question, so that a record that is not there is its answer. */
async function answer({ name, args }: Exclude<RecordAsk, 'close'>): Promise<RecordAnswer> {
  try {
    reader ??= openRecordReader({ path });
    const read = reader[name] as (...given: readonly unknown[]) => Promise<unknown>; // `args` are the parameters of `name`
    return { ok: true, answer: await read(...args) };
  } catch (error) {
    const { code, message } = explain(error, path);
    return { ok: false, code, message };
  }
}
