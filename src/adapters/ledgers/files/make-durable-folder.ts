import { dirname } from 'node:path';
import type { FileOperations } from './file-operations.ts';

/** Makes a folder, and sees to it that it and those above it are still there after a power cut. */
export async function makeDurableFolder(files: FileOperations, path: string): Promise<void> {
  const first = await files.makeFolder(path);
  if (first === undefined) return;
  for (let at = path; at.length >= first.length; at = dirname(at)) await files.syncFolder(dirname(at));
}
