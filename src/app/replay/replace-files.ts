import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { toFault } from '../../base/fault.ts';
import { pendingPath } from '../config/pending.ts';

export interface ReplacedFile {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
}

/** One file of what is pending: where its new content lies until it is put in place. */
interface Pending {
  readonly draft: string;
  readonly path: string;
}

/**
 * Replaces files together. All new contents are on disk before the first is put in place, and a list of them lies beside the
 * configuration meanwhile, which is not read while the list is there: whoever dies on the way leaves no mixture that is taken
 * for rules, and `finishPending` ends what was begun.
 *
 * @throws Fault E_CONFIG where a content cannot be written; then every file is what it was.
 */
export async function replaceFiles(
  configPath: string,
  files: readonly ReplacedFile[],
  draftOf: (path: string) => string,
): Promise<void> {
  const pending: Pending[] = [];
  try {
    for (const { path, text } of files) {
      const draft = draftOf(path);
      pending.push({ draft, path });
      await mkdir(dirname(path), { recursive: true });
      await writeDurably(draft, text);
    }
    const list = draftOf(configPath);
    pending.push({ draft: list, path: list });
    await writeDurably(list, JSON.stringify(pending.slice(0, -1)));
    await rename(list, pendingPath(configPath));
  } catch (error) {
    for (const { draft } of pending) await rm(draft, { force: true });
    throw toFault(error, 'E_CONFIG', `the rules beside ${configPath} cannot be written; they are what they were`);
  }
  await finishPending(configPath);
}

/** Ends what somebody began and did not end. Does nothing where there is nothing. Throws a `Fault` E_CONFIG. */
export async function finishPending(configPath: string): Promise<void> {
  const list = pendingPath(configPath);
  try {
    const text = await readFile(list, 'utf8').catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (text === undefined) return;
    for (const { draft, path } of JSON.parse(text) as readonly Pending[]) await putInPlace(draft, path);
    await rm(list);
  } catch (error) {
    throw toFault(
      error,
      'E_CONFIG',
      `what is listed in ${list} cannot be put in place; once it can, run the command again`,
    );
  }
}

/** A draft that is gone was put in place before. */
async function putInPlace(draft: string, path: string): Promise<void> {
  try {
    await rename(draft, path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
