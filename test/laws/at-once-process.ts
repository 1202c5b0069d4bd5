// A program for laws: one more gateway's runtime on the store that its arguments name, which works as its parent says.

import type { Work } from './at-once-world.ts';
import { openAtOnce } from './at-once-world.ts';

const [path = '', seed = '1', workers = '32'] = process.argv.slice(2);
const world = await openAtOnce(path, Number(seed), Number(workers));

process.on('message', (work: Work) => {
  if (work.kind === 'end') world.end();
  else world.work(work).then((did) => process.send?.(did));
});
process.on('disconnect', () => world.close().then(() => process.exit(0)));
process.send?.('ready');
