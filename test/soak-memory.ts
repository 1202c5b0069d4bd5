/** `node --expose-gc test/soak-memory.ts [--calls N] [--minutes N] [--write]`: one JSON line; exit code 1 where memory grows. */
import { parseArgs } from 'node:util';
import { soakRecord, writeSoak } from './soak-record.ts';

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '300000' },
    minutes: { type: 'string', default: '60' },
    write: { type: 'boolean', default: false },
  },
});
const soak = await soakRecord({ calls: Number(values.calls), minutes: Number(values.minutes) });
process.stdout.write(`${JSON.stringify({ part: 'memory', ...soak })}\n`);
if (values.write) await writeSoak('CONTRIBUTING.md', soak);
process.exit(soak.isFlat ? 0 : 1);
