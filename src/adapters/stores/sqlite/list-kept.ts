import type { DatabaseSync } from 'node:sqlite';
import { findEvents } from './find-events.ts';
import { prepareOnce } from './prepare-once.ts';
import { lastPosted } from './segment-events.ts';

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

const PAGE = 1_000;

/** A bundle that was in force, by the events of any tenant, and is not there. */
export function findMissingBundle(db: DatabaseSync): string | undefined {
  const prepare = prepareOnce(db);
  const isKept = db.prepare('SELECT 1 FROM bundles WHERE digest = ?');
  for (const tenant of listTenants(db)) {
    for (let afterSeq = 0, more = true; more; ) {
      more = false;
      for (const row of findEvents(prepare, { tenant, kinds: ['bundle.activated'], afterSeq, limit: PAGE })) {
        const { bundle } = JSON.parse(String(row['body'])) as { readonly bundle?: unknown };
        if (isKept.get(String(bundle)) === undefined) return String(bundle);
        afterSeq = Number(row['seq']);
        more = true;
      }
    }
  }
  return undefined;
}

/** Of whom there are events, without reading them all. */
function* listTenants(db: DatabaseSync): Generator<string> {
  const next = db.prepare('SELECT min(tenant) AS tenant FROM postings WHERE tenant > ?');
  const lastSeq = Number(db.prepare('SELECT coalesce(max(seq), 0) AS last FROM events').get()?.['last']);
  const seen = new Set(
    db
      .prepare('SELECT DISTINCT tenant FROM events WHERE seq > ?')
      .all(lastPosted(lastSeq))
      .map(({ tenant }) => String(tenant)),
  );
  yield* seen;
  for (let tenant = next.get('')?.['tenant']; typeof tenant === 'string'; tenant = next.get(tenant)?.['tenant']) {
    if (!seen.has(tenant)) yield tenant;
  }
}
