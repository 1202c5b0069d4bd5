import { mkdirSync, rmSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { isLocked, takeLock } from './file-lock.ts';

/** One opening of a store's file for writing. Its intents are abandoned when it is gone. */
export interface Instance {
  readonly id: number;
  readonly pid: number;
}

export interface EnteredInstance extends Instance {
  /** Strikes it off, while the file is still open and in order. Where that fails, the next to enter does it. */
  leave(): void;
  /** Gives up the lock, after which it counts as dead. To be called when the file is closed. */
  release(): void;
}

const OWNER_ONLY = 0o700;

/**
 * Enters this process among those that have the file open. It counts as alive until it is released or its process is
 * dead, however it died. Those found dead on the way are struck off.
 */
export function enterInstance(db: DatabaseSync, file: string): EnteredInstance {
  mkdirSync(folderOf(file), { recursive: true, mode: OWNER_ONLY });
  // Nobody sees the entry before it is committed, and by then its lock is held.
  db.exec('BEGIN IMMEDIATE');
  try {
    for (const { id } of readInstances(db)) if (!isAlive(file, id)) strikeOff(db, file, id);
    const { lastInsertRowid } = db.prepare('INSERT INTO instances (pid) VALUES (?)').run(process.pid);
    const id = Number(lastInsertRowid);
    const lock = takeLock(lockOf(file, id), 'exclusive');
    try {
      db.exec('COMMIT');
    } catch (error) {
      lock.close();
      throw error;
    }
    return {
      id,
      pid: process.pid,
      leave() {
        try {
          db.prepare('DELETE FROM instances WHERE id = ?').run(id);
        } catch {
          // somebody else is writing, or the disk is full: closing does not wait for either
        }
      },
      release() {
        lock.close();
        rmSync(lockOf(file, id), { force: true });
      },
    };
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** The instances that are alive, the oldest first. */
export function readLiveInstances(db: DatabaseSync, file: string): readonly Instance[] {
  return readInstances(db).filter(({ id }) => isAlive(file, id));
}

function readInstances(db: DatabaseSync): readonly Instance[] {
  return db
    .prepare('SELECT id, pid FROM instances ORDER BY id')
    .all()
    .map((row) => ({ id: Number(row['id']), pid: Number(row['pid']) }));
}

function strikeOff(db: DatabaseSync, file: string, id: number): void {
  db.prepare('DELETE FROM instances WHERE id = ?').run(id);
  rmSync(lockOf(file, id), { force: true });
}

function isAlive(file: string, id: number): boolean {
  return isLocked(lockOf(file, id));
}

const folderOf = (file: string): string => `${file}-instances`;
const lockOf = (file: string, id: number): string => `${folderOf(file)}/${id}.lock`;
