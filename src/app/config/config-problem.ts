import { Fault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import { type Place, printPlace } from '../../model/place.ts';

/** One thing that is wrong with a configuration, where, and what to write instead. Never holds a secret's value. */
export interface ConfigProblem {
  readonly place: Place;
  /** An error refuses the configuration; a warning is shown and the configuration is used. */
  readonly severity: 'error' | 'warning';
  readonly message: string;
}

/** `file:line:column: message`, with `warning: ` in front of a warning's message. */
export function printProblem(problem: ConfigProblem): string {
  return `${printPlace(problem.place)}: ${problem.severity === 'warning' ? 'warning: ' : ''}${problem.message}`;
}

/** One problem a line, errors before warnings; past the limit, how many more there are. */
export function printProblems(problems: readonly ConfigProblem[]): string {
  const errors = problems.filter((problem) => problem.severity === 'error');
  const warnings = problems.filter((problem) => problem.severity === 'warning');
  const lines = [...errors, ...warnings].map(printProblem);
  const more = lines.length - limits.configProblems;
  return more > 0 ? [...lines.slice(0, limits.configProblems), `and ${more} more`].join('\n') : lines.join('\n');
}

/** By file, line and column; each problem once. */
export function sortProblems(problems: readonly ConfigProblem[]): ConfigProblem[] {
  const seen = new Set<string>();
  return problems
    .filter((problem) => {
      const text = printProblem(problem);
      return !seen.has(text) && seen.add(text);
    })
    .sort(
      (a, b) =>
        (a.place.file < b.place.file ? -1 : a.place.file > b.place.file ? 1 : 0) ||
        a.place.line - b.place.line ||
        a.place.column - b.place.column,
    );
}

/** E_CONFIG with everything that is wrong. The message is the list as it is printed, one problem a line, errors first. */
export class ConfigFault extends Fault {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const sorted = sortProblems(problems);
    super('E_CONFIG', printProblems(sorted));
    this.problems = sorted;
  }
}

/** Throws a `ConfigFault` if any of the problems is an error; returns the warnings, sorted. */
export function refuseErrors(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  if (problems.some((problem) => problem.severity === 'error')) throw new ConfigFault(problems);
  return sortProblems(problems);
}
