/**
 * Runs sandboxes as a user without any right: one job a line on stdin, its outcome, or the code of its fault, a line on
 * stdout. Prints `{}` once it is up.
 */
import { createInterface } from 'node:readline';
import { ProcessSandbox } from '../../src/adapters/sandboxes/process/open-process-sandbox.ts';
import { systemClock } from '../../src/base/clock.ts';
import { Fault } from '../../src/base/fault.ts';
import type { SandboxJob } from '../../src/ports/sandbox.ts';

const sandbox = new ProcessSandbox({ clock: systemClock, path: ['/usr/bin', '/bin'], isRoot: false });
process.stdout.write('{}\n');
for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line) as Pick<SandboxJob, 'profile' | 'program'>;
  try {
    const { changes, ...outcome } = await sandbox.run({ ...job, files: [] });
    process.stdout.write(`${JSON.stringify({ ...outcome, changed: changes.length })}\n`);
  } catch (error) {
    const code = error instanceof Fault ? error.code : 'E_INTERNAL';
    process.stdout.write(`${JSON.stringify({ code, message: String(error) })}\n`);
  }
}
await sandbox.close();
