import { mkdir, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { digestBytes } from '../../base/digest.ts';
import { Fault, toFault } from '../../base/fault.ts';
import { readTextFile } from './find-clients.ts';
import { type ChangedFile, readRecord, writeRecord } from './init-record.ts';
import type { FileChange, InitPlan } from './plan-init.ts';
import { replaceFile, writeNew } from './replace-file.ts';

const NEW_FILE_MODE = 0o644;
/** Backups may hold secrets that the file they come from showed to more people. */
const BACKUP_MODE = 0o600;

/**
 * Does what was planned: all of it, or nothing. Each file is first kept as it was beside itself, and what was done is
 * recorded at `recordPath` before it is done, so that it can be undone even if this process dies in between.
 * Throws a `Fault` E_CONFIG, with every file as it was, if a file has changed since it was planned or cannot be written.
 */
export async function applyInit(plan: InitPlan, options: { recordPath: string; nowMs: number }): Promise<void> {
  if (plan.changes.length === 0) return;
  for (const change of plan.changes) await requireUnchanged(change);
  const record = await readRecord(options.recordPath);
  const files = await Promise.all(plan.changes.map(describeFile));

  const undo: (() => Promise<void>)[] = [];
  try {
    for (const [index, change] of plan.changes.entries()) {
      const { before } = files[index] ?? {};
      if (!before || change.before === undefined) continue;
      await writeNew(before.backupPath, Buffer.from(change.before), BACKUP_MODE);
      undo.push(() => rm(before.backupPath, { force: true }));
    }
    await mkdir(dirname(options.recordPath), { recursive: true, mode: 0o700 });
    undo.push(() => writeRecord(options.recordPath, record));
    await writeRecord(options.recordPath, { ...record, runs: [...record.runs, { atMs: options.nowMs, files }] });
    for (const [index, change] of plan.changes.entries()) {
      const mode = files[index]?.before?.mode ?? NEW_FILE_MODE;
      await replaceFile(change.realPath, Buffer.from(change.after), mode);
      undo.push(() => restore(change, mode));
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code; // an error of the file system has a code
    const putBack = await takeBack(undo);
    const outcome = putBack ? 'nothing was changed' : 'not all could be put back: undo it with `chaperone init --undo`';
    throw toFault(error, 'E_CONFIG', `a file could not be written (${code ?? 'unknown reason'}); ${outcome}`);
  }
}

/** Takes the steps back, last first. False, with the record and the backups left, if one cannot be taken back. */
async function takeBack(undo: readonly (() => Promise<void>)[]): Promise<boolean> {
  try {
    for (const step of undo.toReversed()) await step();
    return true;
  } catch {
    return false;
  }
}

async function requireUnchanged(change: FileChange): Promise<void> {
  const now = await readTextFile(change.path);
  if (now?.text === change.before && (now === undefined || now.realPath === change.realPath)) return;
  throw new Fault('E_CONFIG', `${change.path} has changed since the plan was made; nothing was changed; run it again`);
}

async function describeFile(change: FileChange): Promise<ChangedFile> {
  const { path, realPath, before, backupPath } = change;
  const file = { path, realPath, after: digestBytes(change.after) };
  if (before === undefined || backupPath === undefined) return file;
  const mode = (await stat(realPath)).mode & 0o7777;
  return { ...file, before: { digest: digestBytes(before), mode, backupPath } };
}

async function restore(change: FileChange, mode: number): Promise<void> {
  if (change.before === undefined) await rm(change.realPath, { force: true });
  else await replaceFile(change.realPath, Buffer.from(change.before), mode);
}
