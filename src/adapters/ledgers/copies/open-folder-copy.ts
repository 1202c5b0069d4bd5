import { dirname, join, resolve } from 'node:path';
import { Fault } from '../../../base/fault.ts';
import { sameBytes } from '../../../ledger/hash.ts';
import type { LedgerCopy } from '../../../ports/ledger.ts';
import { type FileOperations, localFiles } from '../files/file-operations.ts';
import { makeDurableFolder } from '../files/make-durable-folder.ts';

const DRAFT = '.draft';

/**
 * A copy of a ledger as files below a folder. A file is written under another name, synced, and then linked to its own:
 * whoever reads sees it whole or not at all, and a name that is taken stays what it is.
 */
export function openFolderCopy(folder: string, files: FileOperations = localFiles): LedgerCopy {
  const root = resolve(folder);

  async function guarded<T>(what: string, task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      const reason = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
      throw new Fault('E_COPY', `${what} in ${root} failed${reason}`, { cause: error });
    }
  }

  return {
    read: (path) => guarded(`reading ${path}`, () => files.read(join(root, path))),
    add: ({ path, bytes }) =>
      guarded(`writing ${path}`, async () => {
        const target = join(root, path);
        const there = await files.read(target);
        if (there !== undefined) return sameBytes(there, bytes) ? 'same' : 'differs';
        const parent = dirname(target);
        // Of this process alone: whoever wrote a file that is linked already would change it by both names.
        const draft = `${target}.${process.pid}${DRAFT}`;
        await makeDurableFolder(files, parent);
        await files.write(draft, bytes);
        await files.syncFile(draft);
        const isNew = await files.link(draft, target);
        await files.remove(draft);
        await files.syncFolder(parent);
        if (isNew) return 'added';
        return sameBytes((await files.read(target)) ?? new Uint8Array(), bytes) ? 'same' : 'differs';
      }),
    list: (path) =>
      guarded(`listing ${path}`, async () => {
        const names = await files.list(join(root, path));
        return names.filter((name) => !name.endsWith(DRAFT));
      }),
  };
}
