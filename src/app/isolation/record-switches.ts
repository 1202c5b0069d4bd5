import { Fault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import { parseScope } from '../../model/isolation.ts';
import type { ThrownSwitch } from '../../ports/stop-switch.ts';
import { stopScope } from '../../runtime/isolation.ts';
import type { TakenStop } from './record-effect.ts';
import type { StopBase } from './stop-base.ts';

/** When a process first saw each file that stops something, by its monotonic clock. */
export type FirstSights = Map<string, number>;

/**
 * Puts into the record what files stop and the record does not, except what whoever threw the switch records by itself.
 * Gives each as soon as it stands there, to be measured by `recordEffect`: of several gateways that see a file, one records
 * it. Throws the store's `Fault`.
 *
 * @param sights kept from look to look, so that a store that does not answer for a while counts in what is measured
 * @param nowMs by the clock; infinity records also what is left to whoever threw it
 */
export async function* recordSwitches(
  base: Pick<StopBase, 'store' | 'clock' | 'stopSwitch'>,
  tenant: string,
  sights: FirstSights,
  nowMs = base.clock.nowMs(),
): AsyncGenerator<TakenStop> {
  const seen = base.stopSwitch.list();
  noteSights(sights, seen, base.clock.monotonicMs());
  // A time further away than a stop takes is nobody's who is at it.
  const isLeft = ({ recordAtMs = 0 }: ThrownSwitch) => recordAtMs > nowMs && recordAtMs <= nowMs + limits.stopRecordMs;
  const thrown = seen.filter((one) => !isLeft(one));
  if (thrown.length === 0) return;
  const known = new Map((await base.store.listIsolations()).map((isolation) => [isolation.scope, isolation]));
  for (const { scope: text, reason, by, incident, broken, place, thrownAtMs } of thrown) {
    const isolation = known.get(text);
    if (isolation?.by.includes(by) && (isolation.incident || !incident)) continue;
    const scope = parseScope(text);
    if (scope === undefined) continue; // a switch names a scope, or is one of everything
    const said = broken === undefined ? reason : `${reason}: ${broken}`;
    const stop = { tenant, person: by, presence: 'file', reason: said, incident, ifAbsent: true } as const;
    const report = await stopScope(base, scope, stop).catch((error: unknown) => {
      // Another gateway was first, or another file that says the same.
      if (error instanceof Fault && error.code === 'E_BUSY') return undefined;
      throw error;
    });
    if (report === undefined) continue;
    const beganMs = sights.get(place) ?? base.clock.monotonicMs();
    yield { scope, report, beganMs, ...(thrownAtMs === undefined ? {} : { thrownAtMs }) };
  }
}

function noteSights(sights: FirstSights, thrown: readonly ThrownSwitch[], nowMs: number): void {
  const places = new Set(thrown.map(({ place }) => place));
  for (const place of sights.keys()) if (!places.has(place)) sights.delete(place);
  for (const place of places) if (!sights.has(place)) sights.set(place, nowMs);
}
