import { readFile, rm, stat } from 'node:fs/promises';
import { digestBytes } from '../../base/digest.ts';
import { Fault, toFault } from '../../base/fault.ts';
import { type ChangedFile, readRecord, writeRecord } from './init-record.ts';
import { backupPathOf } from './plan-init.ts';
import { replaceFile, writeNew } from './replace-file.ts';

export interface UndoReport {
  /** Files that are again, byte for byte, what they were. */
  readonly restored: readonly string[];
  /** Files that had not existed and are gone again. */
  readonly removed: readonly string[];
  /** Where changes that were made since are kept; only with `force`. */
  readonly kept: readonly string[];
  /** Earlier runs that can still be undone. */
  readonly runsLeft: number;
}

/**
 * Undoes the latest run of `init`. A file that was changed since is not overwritten: then nothing is undone, unless
 * `force` is set, which keeps that file's contents beside it first. Backups are removed once they are restored.
 * Throws a `Fault`: E_NOT_FOUND if there is nothing to undo, E_CONFIG if a file was changed since, is not to be
 * written, or its backup is not what was saved.
 */
export async function undoInit(options: { recordPath: string; nowMs: number; force?: boolean }): Promise<UndoReport> {
  const record = await readRecord(options.recordPath);
  const run = record.runs.at(-1);
  if (!run) throw new Fault('E_NOT_FOUND', 'there is nothing to undo');

  const steps = await Promise.all(run.files.toReversed().map(planStep));
  const changed = steps.filter((step) => step.state === 'changed').map(({ file }) => file.path);
  if (changed.length > 0 && !options.force) {
    throw new Fault('E_CONFIG', `changed since: ${changed.join(', ')}; nothing was undone`);
  }
  const report = { restored: [] as string[], removed: [] as string[], kept: [] as string[] };
  try {
    for (const { file, state, now, backup } of steps) {
      if (state === 'as before') continue;
      if (state === 'changed' && now) {
        const keptPath = backupPathOf(file.realPath, options.nowMs);
        await writeNew(keptPath, now, 0o600);
        report.kept.push(keptPath);
      }
      if (file.before && backup) {
        await replaceFile(file.realPath, backup, file.before.mode);
        report.restored.push(file.path);
      } else {
        await rm(file.realPath, { force: true });
        report.removed.push(file.path);
      }
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code; // an error of the file system has a code
    throw toFault(error, 'E_CONFIG', `a file could not be written (${code ?? 'unknown reason'}); undo it again`);
  }
  const runs = record.runs.slice(0, -1);
  await writeRecord(options.recordPath, { ...record, runs });
  for (const { file } of steps) if (file.before) await rm(file.before.backupPath, { force: true });
  return { ...report, runsLeft: runs.length };
}

interface Step {
  readonly file: ChangedFile;
  readonly state: 'as before' | 'as written' | 'changed';
  readonly now: Uint8Array | undefined;
  readonly backup: Uint8Array | undefined;
}

async function planStep(file: ChangedFile): Promise<Step> {
  const now = await readIfThere(file.realPath);
  const digest = now && digestBytes(now);
  if (digest === file.before?.digest) return { file, state: 'as before', now, backup: undefined };
  const state = digest === file.after ? 'as written' : 'changed';
  if (!file.before) return { file, state, now, backup: undefined };
  const backup = await readIfThere(file.before.backupPath);
  if (!backup || digestBytes(backup) !== file.before.digest) {
    throw new Fault('E_CONFIG', `${file.before.backupPath} is not what was saved of ${file.path}; nothing was undone`);
  }
  return { file, state, now, backup };
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return (await stat(path)).isFile() ? await readFile(path) : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined; // errors of files have codes
    throw toFault(error, 'E_CONFIG', `${path} cannot be read; nothing was undone`);
  }
}
