import { mkdir } from 'node:fs/promises';
import { Fault } from '../base/fault.ts';

const OWNER_ONLY = 0o700;

/** Makes the data folder, readable by its owner alone. Throws a `Fault` E_STORE where that is not possible. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: OWNER_ONLY });
  } catch (error) {
    throw new Fault('E_STORE', `the data folder \`${path}\` cannot be made`, { cause: error });
  }
}
