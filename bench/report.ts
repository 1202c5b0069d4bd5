import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

/** What every bench answers with. Durations are in ms, ratios are without unit. */
export interface Report {
  readonly bench: string;
  readonly machine: Machine;
  /** How it was measured, in one sentence or two: counts, order, what is on disk. */
  readonly method: string;
  readonly rows: readonly object[];
  readonly ratios: Readonly<Record<string, number>>;
  /** Goals and whether they were reached; a goal that could not be measured is not listed. */
  readonly goals: readonly Goal[];
  /** What was not measured, and why. */
  readonly missing: readonly string[];
}

export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGiB: number;
  readonly node: string;
  /** Of the last minute, when the measurement ended: above the number of cores, others competed for them. */
  readonly load: number;
}

export interface Goal {
  readonly goal: string;
  readonly measured: number;
  readonly reached: boolean;
}

export function describeMachine(): Machine {
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  };
}

/** A table for people, one line a row; numbers with the digits that mean something. */
export function printReport(report: Report): string {
  const { machine } = report;
  const goals = report.goals.map(
    (goal) => `${goal.reached ? 'reached' : 'MISSED '}  ${goal.goal}: ${digits(goal.measured)}`,
  );
  return [
    `${report.bench} · ${machine.cores} cores (${machine.cpu}) · Node ${machine.node} · load ${machine.load}`,
    report.method,
    '',
    ...printTable(report.rows),
    '',
    ...Object.entries(report.ratios).map(([name, value]) => `${name}: ${digits(value)}`),
    ...(goals.length > 0 ? ['', ...goals] : []),
    ...report.missing.map((line) => `not measured: ${line}`),
    '',
  ].join('\n');
}

function printTable(rows: readonly object[]): readonly string[] {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cells = rows.map((row) => {
    const values = new Map<string, unknown>(Object.entries(row));
    return columns.map((column) => print(values.get(column)));
  });
  const widths = columns.map((column, i) => Math.max(column.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ');
  return [line(columns), ...cells.map(line)];
}

function print(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'number' ? digits(value) : String(value);
}

function digits(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(3)));
}
