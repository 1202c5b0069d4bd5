import { coverage } from '../../src/policy/cedar/coverage.ts';
import { code, table } from './table.ts';

/** Who evaluates each construct of Cedar, from the compiler's own table. */
export function printCoverage(): string {
  const closures = coverage.filter(({ evaluator, note }) => evaluator === 'closure' && note === undefined);
  const others = coverage.filter((row) => !closures.includes(row));
  return [
    `${closures.length} operators and functions compile to closures:`,
    '',
    closures.map(({ construct }) => code(construct)).join(', '),
    '',
    table(
      ['and besides', 'evaluated by', 'note'],
      others.map(({ construct, evaluator, note }) => [construct, evaluator, note ?? '']),
    ),
  ].join('\n');
}
