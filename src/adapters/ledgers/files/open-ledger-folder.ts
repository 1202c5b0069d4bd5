import { dirname, join, resolve } from 'node:path';
import { Fault } from '../../../base/fault.ts';
import type { LedgerFiles } from '../../../ports/ledger.ts';
import { type FileOperations, localFiles } from './file-operations.ts';
import { makeDurableFolder } from './make-durable-folder.ts';

const DRAFT = '.draft';
/** Files that are written at the same time: a disk syncs several in hardly more time than one. */
const AT_ONCE = 16;

/**
 * A log as files below a folder, laid out as C2SP tlog-tiles serves it: any web server can publish it as it is.
 *
 * A file is written under another name, synced, and then renamed: whoever reads sees it whole or not at all.
 */
export function openLedgerFolder(folder: string, files: FileOperations = localFiles): LedgerFiles {
  const root = resolve(folder);

  async function guarded<T>(what: string, task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      if (error instanceof Fault) throw error;
      const reason = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
      throw new Fault('E_LEDGER', `${what} in ${root} failed${reason}`, { cause: error });
    }
  }

  return {
    read: (path) => guarded(`reading ${path}`, () => files.read(join(root, path))),
    write: (written) =>
      guarded('writing', async () => {
        const targets = written.map(({ path, bytes }) => ({ path: join(root, path), bytes }));
        const folders = [...new Set(targets.map(({ path }) => dirname(path)))];
        for (const path of folders) await makeDurableFolder(files, path);
        for (let i = 0; i < targets.length; i += AT_ONCE) {
          await Promise.all(
            targets.slice(i, i + AT_ONCE).map(async ({ path, bytes }) => {
              await files.write(`${path}${DRAFT}`, bytes);
              await files.syncFile(`${path}${DRAFT}`);
              await files.rename(`${path}${DRAFT}`, path);
            }),
          );
        }
        for (const path of folders) await files.syncFolder(path);
      }),
    removeFolder: (path) => guarded(`removing ${path}`, () => files.remove(join(root, path))),
  };
}
