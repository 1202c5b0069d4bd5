import { Fault } from '../../base/fault.ts';
import { type StopTarget, scopeOf } from '../../contract/isolation.ts';
import type { IsolationScope } from '../../model/isolation.ts';
import type { Gateway } from '../gateway.ts';
import { resume, type Stopped, stop } from './stop.ts';

/** Who stops something, as the host application vouches for, and why. */
export interface StopBy {
  readonly person: string;
  readonly reason: string;
  /** Whether it is let back only with a cause and a changed control. */
  readonly incident?: boolean;
}

export interface ResumeBy {
  readonly person: string;
  readonly reason: string;
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
  const { cause, control } = by;
  await resume(gateway.stopBase, readTarget(gateway, target), {
    ...actor(gateway, by),
    ...(cause === undefined ? {} : { cause }),
    ...(control === undefined ? {} : { control }),
  });
}

function readTarget({ loaded }: Gateway, target: StopTarget): IsolationScope {
  const scope = scopeOf(loaded.manifest.tenant, target);
  if (scope === undefined) throw new Fault('E_REQUEST_INVALID', 'nothing can be of that name');
  return scope;
}

function actor({ loaded }: Gateway, { person, reason }: StopBy | ResumeBy) {
  return { tenant: loaded.manifest.tenant, person, reason, presence: 'application' };
}
