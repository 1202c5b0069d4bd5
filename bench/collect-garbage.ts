import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** Frees what this thread has no use for, so that what is held can be told from what merely was not freed yet. */
export const collectGarbage = runInNewContext('gc') as () => void;
