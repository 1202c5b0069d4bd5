/**
 * Waits for a line, runs one program in each tier that is named as an argument, and prints what came of it and what is
 * left, as JSON; then once more. In between somebody takes its process numbers away, and gives them back.
 */
import { createInterface } from 'node:readline';
import { ProcessSandbox } from '../../../src/adapters/sandboxes/process/open-process-sandbox.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { toFault } from '../../../src/base/fault.ts';
import { readyProfiles } from '../../../src/model/profile.ts';
import { countLeftovers } from '../../escape/leftovers.ts';

const { code } = readyProfiles;
if (code === undefined) throw new Error('`code` is a ready profile');
const PATH = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'];
const sandbox = new ProcessSandbox({ clock: systemClock, path: PATH, isRoot: true });
const profile = { ...code, timeMs: 60_000 };
const run = () =>
  sandbox.run({ profile, program: { kind: 'code', language: 'shell', source: 'echo ran' }, files: [] }).then(
    ({ stdout }) => ({ stdout }),
    (error: unknown) => ({ code: toFault(error, 'E_INTERNAL', 'not a fault').code }),
  );

await run(); // what is opened once for all runs is opened
const before = JSON.stringify(countLeftovers());
process.stdout.write('ready\n');
for await (const _ of createInterface({ input: process.stdin })) {
  const outcome = await run();
  process.stdout.write(`${JSON.stringify({ ...outcome, isClean: JSON.stringify(countLeftovers()) === before })}\n`);
}
await sandbox.close();
