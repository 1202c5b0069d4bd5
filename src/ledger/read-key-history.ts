import type { LogFiles } from './read-tile.ts';
import { toText } from './text-bytes.ts';

/** Where the history of a log's keys lies, one file a key. */
export function keyEntryPath(sequence: number): string {
  return `keys/${String(sequence).padStart(6, '0')}`;
}

/** The entries of the key history that are published with a log, oldest first. */
export async function readKeyEntries(files: LogFiles): Promise<readonly string[]> {
  const entries: string[] = [];
  for (;;) {
    const path = keyEntryPath(entries.length + 1);
    const bytes = await files.read(path);
    if (bytes === undefined) return entries;
    entries.push(toText(bytes, path));
  }
}
