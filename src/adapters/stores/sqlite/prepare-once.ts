import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** Gives the statement of an SQL text. */
export type Prepare = (sql: string) => StatementSync;

/** Prepares a statement when it is asked for first. For SQL of which there are few forms. */
export function prepareOnce(db: DatabaseSync): Prepare {
  const statements = new Map<string, StatementSync>();
  return (sql) => {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    const made = db.prepare(sql);
    statements.set(sql, made);
    return made;
  };
}
