import { readFile, rm } from 'node:fs/promises';
import { z } from 'zod';
import { Fault, toFault } from '../../base/fault.ts';
import { replaceFile } from './replace-file.ts';

const digest = z.custom<`sha256:${string}`>(
  (value) => typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value),
);

const changedFileSchema = z.strictObject({
  path: z.string(),
  realPath: z.string(),
  /** How the file was; absent if there was none. */
  before: z.strictObject({ digest, mode: z.int(), backupPath: z.string() }).optional(),
  after: digest,
});
export type ChangedFile = z.infer<typeof changedFileSchema>;

const recordSchema = z.strictObject({
  version: z.literal(1),
  /** What each run changed, oldest first. */
  runs: z.array(z.strictObject({ atMs: z.number(), files: z.array(changedFileSchema) })),
});
/** What `init` has changed and can undo. */
export type InitRecord = z.infer<typeof recordSchema>;

/** The record; empty if there is none. Throws a `Fault` E_CONFIG if it cannot be read or understood. */
export async function readRecord(path: string): Promise<InitRecord> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { version: 1, runs: [] }; // errors of files have codes
    throw toFault(error, 'E_CONFIG', `${path}: the record of what was changed cannot be read`);
  }
}

export async function writeRecord(path: string, record: InitRecord): Promise<void> {
  try {
    if (record.runs.length === 0) await rm(path, { force: true });
    else await replaceFile(path, Buffer.from(`${JSON.stringify(record, null, 2)}\n`), 0o600);
  } catch (error) {
    throw new Fault('E_CONFIG', `${path}: the record of what was changed cannot be written`, { cause: error });
  }
}
