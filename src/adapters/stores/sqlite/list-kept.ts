import type { DatabaseSync } from 'node:sqlite';

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
