import type { DatabaseSync } from 'node:sqlite';
import { RARE_KIND } from './rare-kinds.ts';

/** What a store keeps beside its events that has to be what its name says. */
export interface Kept {
  readonly name: string;
  /** JSON, or the wrapped key of a run. */
  readonly text: string;
  /** Whose key it is. Empty of what is no key. */
  readonly tenant: string;
}

export type KeptKind = 'bundle' | 'content' | 'run key';

const QUERIES: Readonly<Record<KeptKind, string>> = {
  bundle: "SELECT digest AS name, record AS text, '' AS tenant FROM bundles WHERE digest > ? ORDER BY digest LIMIT ?",
  content: "SELECT digest AS name, record AS text, '' AS tenant FROM contents WHERE digest > ? ORDER BY digest LIMIT ?",
  'run key': 'SELECT id AS name, key AS text, tenant FROM runs WHERE id > ? AND key IS NOT NULL ORDER BY id LIMIT ?',
};

/** So many of a kind, in the order of their names, after one of them. */
export function listKept(db: DatabaseSync, kind: KeptKind, after: string, limit: number): readonly Kept[] {
  return db
    .prepare(QUERIES[kind])
    .all(after, limit)
    .map(({ name, text, tenant }) => ({ name: String(name), text: String(text), tenant: String(tenant) }));
}

const MISSING = `
  SELECT body ->> 'bundle' AS name FROM events
  WHERE tenant = ? AND ${RARE_KIND} AND kind = 'bundle.activated'
  AND NOT EXISTS (SELECT 1 FROM bundles WHERE digest = body ->> 'bundle') LIMIT 1`;

/** A bundle that was in force, by the events of any tenant, and is not there. */
export function findMissingBundle(db: DatabaseSync): string | undefined {
  const missing = db.prepare(MISSING);
  for (const { tenant } of db.prepare('SELECT DISTINCT tenant FROM events').all()) {
    const found = missing.get(String(tenant));
    if (found !== undefined) return String(found['name']);
  }
  return undefined;
}
