import { basename } from 'node:path';
import { digestJson } from '../../base/digest.ts';
import type { Isolation } from '../../model/isolation.ts';
import type { ThrownSwitch } from '../../ports/stop-switch.ts';

const SHOWN_CHARS = 8;

/**
 * What stops a scope, in a few characters: which stops the record has of it, and which files. Whoever lets it back repeats
 * it, so that nobody lifts a stop that they have not seen.
 *
 * @param switches those of the scope
 */
export function markOf(isolation: Pick<Isolation, 'epoch'> | undefined, switches: readonly ThrownSwitch[]): string {
  const epoch = isolation?.epoch ?? 0;
  if (switches.length === 0) return String(epoch);
  const files = switches.map(({ place, reason, by, incident }) => [basename(place), reason, by, incident]);
  return `${epoch}-${digestJson(files).slice(-SHOWN_CHARS)}`;
}

/** The same for each of those that are stopped. */
export function withMarks<Each extends { readonly scope: string }>(
  stops: readonly Each[],
  isolations: readonly Isolation[],
  switches: readonly ThrownSwitch[],
): readonly (Each & { readonly seen: string })[] {
  const of = (scope: string) => (each: { readonly scope: string }) => each.scope === scope;
  return stops.map((each) => ({
    ...each,
    seen: markOf(isolations.find(of(each.scope)), switches.filter(of(each.scope))),
  }));
}
