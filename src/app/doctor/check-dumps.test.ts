import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { judgeDumps } from './check-dumps.ts';

/** What the kernel itself writes of a process with that limit. */
const limitsWith = (core: string) =>
  execFileSync('/bin/sh', ['-c', `ulimit -S -c ${core} 2>/dev/null; cat /proc/self/limits`], { encoding: 'utf8' });
const raised = limitsWith('0').replace(/^(Max core file size +)0 /m, '$1unlimited ');

describe.runIf(process.platform === 'linux')('what a crash leaves behind', () => {
  it('is nothing where the limit of every gateway is 0', () => {
    expect(judgeDumps([limitsWith('0'), limitsWith('0')], 'core')).toMatchObject({ state: 'ok' });
  });

  it.each([
    ['one of them has a limit', [limitsWith('0'), raised], 'core'],
    ['a program is given it, whatever the limit', [limitsWith('0')], '|/usr/lib/systemd/systemd-coredump %P'],
  ])('is its memory where %s', (_, limits, pattern) => {
    expect(judgeDumps(limits, pattern)).toMatchObject({ state: 'warning' });
  });

  it('is read from the lines that the kernel writes', () => {
    expect(readFileSync('/proc/self/limits', 'utf8')).toMatch(/^Max core file size +\S+ +\S+ +bytes/m);
  });
});
