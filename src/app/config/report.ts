import type { ConfigProblem } from './config-problem.ts';
import type { Path } from './locate.ts';

/** Adds a problem at the key or item a path leads to, or at its value. */
export type Report = (
  path: Path,
  severity: ConfigProblem['severity'],
  message: string,
  where?: 'key' | 'value',
) => void;
