// A program for tests: in the data folder named by its argument it opens runs, records what they say and erases every other
// one, as fast as it can, and says what was acknowledged. Two thirds of the way through each erasure is a good moment to die.

import { eraseRuns } from '../../../src/app/erase-record.ts';
import { openStore } from '../../../src/app/open-store.ts';
import { newId, systemClock } from '../../../src/base/clock.ts';
import { append, sampleRun } from './samples.ts';

const [folder = ''] = process.argv.slice(2);
const say = (line: string) => process.stdout.write(`${line}\n`);

const store = await openStore(folder, systemClock);
say('opened');
for (let count = 0; ; count++) {
  const id = newId(systemClock, 'run');
  const run = sampleRun({ id });
  const { tenant } = run.principal;
  await store.commit([{ kind: 'run.open', run }]);
  const [key] = await store.readRunKeys(tenant, [id]);
  await store.commit([append({ runId: id, body: { text: `said by ${id}` } })]);
  say(`kept ${id} ${key?.wrapped ?? ''}`);
  if (count % 2 === 1) continue;
  say(`erasing ${id}`);
  await eraseRuns(store, systemClock, { tenant, runIds: [id], by: 'ana', reason: 'asked to' });
  say(`erased ${id}`);
}
