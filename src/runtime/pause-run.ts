import { type Clock, newId } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { Manifest } from '../model/manifest.ts';
import type { Change } from '../ports/store.ts';
import { requirePresence } from './require-presence.ts';
import type { World } from './world.ts';

interface Pause {
  readonly tenant: string;
  readonly runId: string;
  readonly agent: string;
  readonly reason: string;
  readonly atMs: number;
}

/** The changes that pause a run: no call of it, or of a run that was started from it, is granted until a person resumes it. */
export function pauseChanges(clock: Clock, { tenant, runId, agent, reason, atMs }: Pause): readonly Change[] {
  return [
    { kind: 'run.pause', tenant, runId, reason, atMs },
    {
      kind: 'event.append',
      event: { id: newId(clock, 'evt'), kind: 'run.paused', tenant, runId, agent, atMs, body: { reason } },
    },
  ];
}

/** Who lets a run go on, and how they were present: `terminal`, `passkey`, `session`, `token`, `application`. */
export interface RunResume {
  readonly tenant: string;
  readonly runId: string;
  readonly by: string;
  readonly presence: string;
}

/** Lets a paused run go on, as a person decided. Throws a `Fault`: E_RESUME_PRESENCE, E_RUN_UNKNOWN, E_STORE. */
export async function resumeRun(
  { store, clock, catalog }: Pick<World, 'store' | 'clock'> & { catalog(): { manifest: Pick<Manifest, 'approvals'> } },
  { tenant, runId, by, presence }: RunResume,
): Promise<void> {
  requirePresence(catalog().manifest, presence);
  const atMs = clock.nowMs();
  const result = await store.commit([
    { kind: 'run.resume', tenant, runId },
    {
      kind: 'event.append',
      event: { id: newId(clock, 'evt'), kind: 'run.resumed', tenant, runId, atMs, body: { by, presence } },
    },
  ]);
  if (!result.ok) throw new Fault(result.code, result.message);
}
