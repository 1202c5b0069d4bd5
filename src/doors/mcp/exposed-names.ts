import { digestBytes } from '../../base/digest.ts';

interface Named {
  readonly server: string;
  readonly name: string;
}

/** Where an exposed name leads. */
export interface NameTable<T extends Named> {
  /** Each entry with its exposed name, in the order given. */
  readonly entries: readonly (readonly [exposed: string, entry: T])[];
  /** The entry of an exposed name or of an unambiguous `server_name`. */
  find(name: string): T | undefined;
}

const EXPOSABLE = /^[A-Za-z0-9_.-]{1,64}$/;

/**
 * Gives everything that several servers offer one name each, of at most 64 letters, digits, `_`, `.` and `-`.
 *
 * - A name that one server alone offers stays as it is, so one server behind the gateway keeps all its names.
 * - A name that several offer is given to none of them: each is called `server_name`, with the id the manifest gives
 *   the server. If the first comer kept it, a server added or changed later could slip its own tool under a name that
 *   is in use. The bare name then leads nowhere.
 * - What is too long, has other characters or would still collide ends in 8 digits of a digest of `server/name`.
 *
 * `server_name` is always understood, also while it is not needed: a client that uses it is not affected by a rename.
 */
export function exposeNames<T extends Named>(all: readonly T[]): NameTable<T> {
  const bare = count(all.map(({ name }) => name));
  const keeps = (entry: T) => bare.get(entry.name) === 1 && EXPOSABLE.test(entry.name);
  const kept = new Set(all.filter(keeps).map(({ name }) => name));
  const qualified = count(all.map(qualify));
  const entries = all.map((entry) => {
    if (keeps(entry)) return [entry.name, entry] as const;
    const name = qualify(entry);
    const clear = EXPOSABLE.test(name) && qualified.get(name) === 1 && !kept.has(name);
    return [clear ? name : shorten(entry), entry] as const;
  });
  const found = new Map<string, T>();
  for (const [exposed, entry] of entries) found.set(exposed, entry);
  for (const entry of all) {
    const alias = qualify(entry);
    if (!found.has(alias) && qualified.get(alias) === 1) found.set(alias, entry);
  }
  return { entries, find: (name) => found.get(name) };
}

function qualify({ server, name }: Named): string {
  return `${server}_${name}`;
}

function shorten(entry: Named): string {
  const head = qualify(entry)
    .replace(/[^A-Za-z0-9_.-]/g, '_')
    .slice(0, 55);
  return `${head}_${digestBytes(`${entry.server}/${entry.name}`).slice(7, 15)}`;
}

function count(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
