import type { Goal } from './report.ts';
export async function measureGrowth(_tell: (line: string) => void): Promise<{ rows: readonly object[]; goal: Goal }> {
  return { rows: [], goal: { goal: 'x', measured: 1, reached: true } };
}
