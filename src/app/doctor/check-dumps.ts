import { readFile } from 'node:fs/promises';
import type { Check } from './check.ts';

const name = 'core dumps';

/**
 * Whether a gateway that crashes leaves its memory behind, with every credential that was in it: that is for the host to
 * prevent. Of the gateways that run, or, where none does, of what is started from here. Linux; nothing where it cannot be told.
 */
export async function checkDumps(pids: readonly number[]): Promise<readonly Check[]> {
  const pattern = await readFile('/proc/sys/kernel/core_pattern', 'utf8').catch(() => undefined);
  if (pattern === undefined) return [];
  const who = pids.length === 0 ? ['self'] : pids.map(String);
  const texts = await Promise.all(who.map((pid) => readFile(`/proc/${pid}/limits`, 'utf8').catch(() => '')));
  return [judgeDumps(texts, pattern)];
}

/** By the limits of processes and the kernel’s pattern, as `/proc` has them. */
export function judgeDumps(limits: readonly string[], pattern: string): Check {
  // A program that dumps are piped to gets them whatever the limit.
  if (pattern.startsWith('|'))
    return {
      name,
      state: 'warning',
      detail:
        'the kernel hands dumps of crashed processes to a program, a gateway’s credentials included: empty `kernel.core_pattern`',
    };
  const isOn = limits.some((text) => /^Max core file size +(?!0 )\S/m.test(text));
  return isOn
    ? {
        name,
        state: 'warning',
        detail:
          'a gateway that crashes leaves its memory on the disk, credentials included: start it with `ulimit -c 0`',
      }
    : { name, state: 'ok', detail: 'a gateway that crashes leaves no memory behind' };
}
