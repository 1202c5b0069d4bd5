import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** Prepares a statement when it is asked for first. For SQL of which there are few forms. */
export function prepareOnce(db: DatabaseSync): (sql: string) => StatementSync {
  const statements = new Map<string, StatementSync>();
  return (sql) => {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    const made = db.prepare(sql);
    statements.set(sql, made);
    return made;
  };
}
