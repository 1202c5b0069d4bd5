import type { ErrorEntry } from '../../src/base/error-entry.ts';
import { errors } from '../../src/base/errors.ts';
import { code, table } from './table.ts';

/** Every error code with what it means, what to do, and what a model is told. */
export function printErrors(): string {
  const entries = Object.entries<ErrorEntry>(errors);
  const rows = entries.map(([name, { kind, exit, http, retry, meaning, next }]) => [
    code(name),
    kind,
    String(http),
    String(exit),
    retry ? 'yes' : 'no',
    meaning,
    next,
  ]);
  const told = Map.groupBy(entries, ([, { toModel }]) => toModel);
  return [
    table(['code', 'kind', 'HTTP', 'exit', 'retry', 'what happened', 'what to do'], rows),
    '',
    '## What a model is told',
    '',
    table(
      ['text', 'codes'],
      [...told].map(([text, group]) => [text, group.map(([name]) => code(name)).join(', ')]),
    ),
  ].join('\n');
}
