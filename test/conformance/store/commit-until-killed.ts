// A program for tests: commits to the store named by its argument as fast as it can, and prints the sequence number of
// each acknowledged event. Every commit appends two events and opens an intent. Ends when a commit is rejected.

import { openSqliteStore } from '../../../src/adapters/stores/sqlite/open-sqlite-store.ts';
import { Fault } from '../../../src/base/fault.ts';
import { append, openIntent } from './samples.ts';
import { takingTurns } from './taking-turns.ts';

const [path = '', inFlight = '16'] = process.argv.slice(2);

/** One line to whoever started this program; there before the call returns, as it is a pipe. */
const say = (line: string) => process.stdout.write(`${line}\n`);
const sayFault = (error: unknown) =>
  say(error instanceof Fault ? `fault ${error.code} ${error.message}` : String(error));

async function commitForever(): Promise<void> {
  const store = takingTurns(await openSqliteStore({ path }));
  say('opened');
  let count = 0;
  const commitInTurn = async () => {
    for (;;) {
      const callId = `call_${process.pid}_${count++}`;
      const result = await store.commit([
        append({ callId }),
        { ...openIntent, callId },
        append({ callId, kind: 'call.completed' }),
      ]);
      say(result.ok ? `seqs ${result.seqs.join(' ')}` : `refused ${result.code}`);
    }
  };
  await Promise.all(Array.from({ length: Number(inFlight) }, commitInTurn)).catch(sayFault);
  await store.commit([append()]).catch(sayFault);
  await store.close();
}

await commitForever().catch(sayFault);
