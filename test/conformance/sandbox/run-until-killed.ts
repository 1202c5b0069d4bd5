/** Runs a program in tier `process` that would run for hours, named by an argument, until somebody ends this. */
import { ProcessSandbox } from '../../../src/adapters/sandboxes/process/open-process-sandbox.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { readyProfiles } from '../../../src/model/profile.ts';

const isRoot = process.getuid?.() === 0;
const { code } = readyProfiles;
if (code === undefined) throw new Error('`code` is a ready profile');
const sandbox = new ProcessSandbox({ clock: systemClock, path: ['/usr/bin', '/bin'], isRoot });
await sandbox.run({
  profile: { ...code, timeMs: 3_600_000, limits: isRoot ? 'total' : 'per-process' },
  program: { kind: 'command', argv: ['/usr/bin/sleep', process.argv[2] ?? ''] },
  files: [],
});
