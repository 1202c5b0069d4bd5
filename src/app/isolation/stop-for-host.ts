import { Fault } from '../../base/fault.ts';
import { type StopTarget, scopeOf } from '../../contract/isolation.ts';
import type { Isolation, IsolationScope } from '../../model/isolation.ts';
import type { Gateway } from '../gateway.ts';
import { resume, type Stopped, stop } from './stop.ts';
import { withMarks } from './stop-mark.ts';

/** Who stops something, as the host application vouches for, and why. */
export interface StopBy {
  readonly person: string;
  readonly reason: string;
  /** Whether it is let back only with a cause and a changed control. */
  readonly incident?: boolean;
}

/** One that is in force, and what whoever lets it back says that they have seen. */
export type StandingStop = Isolation & { readonly seen: string };

export interface ResumeBy {
  readonly person: string;
  readonly reason: string;
  /** What they have seen that stops it: `seen` of `chaperone.isolations()`. */
  readonly seen: string;
  /** What led to the incident, and which control was changed. */
  readonly cause?: string;
  readonly control?: string;
}

/** See `Chaperone.stop`. */
export async function stopForHost(gateway: Gateway, target: StopTarget, by: StopBy): Promise<Stopped> {
  return stop(gateway.stopBase, readTarget(gateway, target), { ...actor(gateway, by), incident: by.incident ?? false });
}

/** See `Chaperone.resume`. */
export async function resumeForHost(gateway: Gateway, target: StopTarget, by: ResumeBy): Promise<void> {
  const { cause, control, seen } = by;
  await resume(gateway.stopBase, readTarget(gateway, target), {
    ...actor(gateway, by),
    seen,
    ...(cause === undefined ? {} : { cause }),
    ...(control === undefined ? {} : { control }),
  });
}

/** See `Chaperone.isolations`. */
export async function listStops({ world }: Gateway): Promise<readonly StandingStop[]> {
  const isolations = await world.store.listIsolations();
  return withMarks(isolations, isolations, world.stopSwitch.list());
}

function readTarget({ loaded }: Gateway, target: StopTarget): IsolationScope {
  const scope = scopeOf(loaded.manifest.tenant, target);
  if (scope === undefined) throw new Fault('E_REQUEST_INVALID', 'nothing can be of that name');
  return scope;
}

function actor({ loaded }: Gateway, { person, reason }: StopBy | ResumeBy) {
  return { tenant: loaded.manifest.tenant, person, reason, presence: 'application' };
}
