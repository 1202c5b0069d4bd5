import type { Manifest } from '../../model/manifest.ts';

/**
 * The manifest, frozen and without prototypes: nothing changes it after it was checked, and looking up a name from
 * outside (`constructor`) finds only what a person wrote.
 */
export function freezeManifest(manifest: Manifest): Manifest {
  return freeze(manifest) as Manifest; // the same members; only prototypes are gone
}

function freeze(value: unknown): unknown {
  if (Array.isArray(value)) return Object.freeze(value.map(freeze));
  if (typeof value !== 'object' || value === null) return value;
  const bare: Record<string, unknown> = Object.create(null);
  for (const [key, member] of Object.entries(value)) bare[key] = freeze(member);
  return Object.freeze(bare);
}
