import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { ProcessSandbox } from '../../../src/adapters/sandboxes/process/open-process-sandbox.ts';
import { systemClock } from '../../../src/base/clock.ts';

const runner = fileURLToPath(new URL('./run-until-killed.ts', import.meta.url));

/** Processes of this host that were started with an argument. */
function findProcesses(argument: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return (
          readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').slice(0, 2).join(' ') ===
          `/usr/bin/sleep ${argument}`
        );
      } catch {
        return false; // it has ended since
      }
    });
}

function findGroups(owner: number, folder = '/sys/fs/cgroup', depth = 4): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (!entry.isDirectory()) return [];
    const path = join(folder, entry.name);
    if (entry.name.startsWith(`chaperone-${owner}-`)) return [path];
    return depth > 0 ? findGroups(owner, path, depth - 1) : [];
  });
}

it('of a gateway that is killed nothing runs on, and what it left is taken down by the next', async () => {
  const argument = `86400.${process.pid}`;
  const child = spawn(process.execPath, ['--no-warnings', runner, argument], { stdio: 'ignore' });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const owner = child.pid ?? 0;
  const isRoot = process.getuid?.() === 0;
  await expect.poll(() => findProcesses(argument).length, { timeout: 60_000 }).toBeGreaterThan(0);
  const groups = findGroups(owner);
  if (isRoot) expect(groups.length).toBeGreaterThan(0);

  child.kill('SIGKILL');
  await exited;
  await expect.poll(() => findProcesses(argument), { timeout: 60_000 }).toEqual([]);

  const next = new ProcessSandbox({ clock: systemClock, path: ['/usr/bin', '/bin'], isRoot });
  await next.check();
  await next.close();
  expect(findGroups(owner)).toEqual([]);
});
