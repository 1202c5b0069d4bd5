import { existsSync } from 'node:fs';

/** The folder with evaluation data that others made: `CHAPERONE_EVAL`, or beside the repository. */
export const EVALUATION_DATA = process.env['CHAPERONE_EVAL'] ?? new URL('../../shared/eval', import.meta.url).pathname;

export const hasEvaluationData = (): boolean => existsSync(EVALUATION_DATA);

/** Throws with what to do when the data is not there. */
export function requireEvaluationData(): void {
  if (!hasEvaluationData())
    throw new Error(`no evaluation data in ${EVALUATION_DATA}: set CHAPERONE_EVAL to its folder`);
}
