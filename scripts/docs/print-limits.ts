import { readFileSync } from 'node:fs';
import { limits } from '../../src/base/limits.ts';
import { printDuration } from './print-duration.ts';
import { code, table } from './table.ts';

const COMMENTED = /^ {2}\/\*\* (.+) \*\/\n {2}(\w+):/gm;
const KIB = 1_024;

/** Every bound with its value, and what the comment beside it says. Throws where a bound has no comment of one line. */
export function printLimits(): string {
  const files = ['limits.ts', 'record-limits.ts', 'stop-limits.ts'];
  const source = files.map((file) => readFileSync(new URL(`../../src/base/${file}`, import.meta.url), 'utf8')).join('');
  const comments = new Map([...source.matchAll(COMMENTED)].map(([, comment = '', name = '']) => [name, comment]));
  const rows = Object.entries(limits).map(([name, value]) => {
    const comment = comments.get(name);
    if (comment === undefined) throw new Error(`the limit \`${name}\` has no comment of one line above it`);
    return [code(name), printValue(name, value), comment];
  });
  return table(['limit', 'value', 'what it bounds'], rows);
}

function printValue(name: string, value: number): string {
  if (name.endsWith('Ms')) return printDuration(value);
  if (/Bytes/.test(name) && value % KIB === 0) {
    return value % KIB ** 2 === 0 ? `${value / KIB ** 2} MiB` : `${value / KIB} KiB`;
  }
  return value.toLocaleString('en-US');
}
