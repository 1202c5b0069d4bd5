import type { Spot } from './read-yaml.ts';

export type Path = readonly (string | number)[];

/** The spot of what the path leads to, or of the nearest thing above it that is written, and whether that was all. */
export function locate(root: Spot, path: Path): { readonly spot: Spot; readonly found: boolean } {
  let spot = root;
  for (const step of path) {
    const next = spot.members?.get(step);
    if (next === undefined) return { spot, found: false };
    spot = next;
  }
  return { spot, found: true };
}
