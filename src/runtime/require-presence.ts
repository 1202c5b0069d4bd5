import { Fault } from '../base/fault.ts';
import type { Manifest } from '../model/manifest.ts';
import { presenceOf } from './approving/duty.ts';

/**
 * Letting back takes what approving takes: a person who is there, at a terminal or with a passkey, unless
 * `approvals.presence` says that less is enough. A host application vouches for those it names. Throws a `Fault`
 * E_RESUME_PRESENCE.
 */
export function requirePresence(manifest: Pick<Manifest, 'approvals'>, presence: string): void {
  const enough = presenceOf(manifest);
  if (presence === 'application' || enough.some((one) => one === presence)) return;
  throw new Fault('E_RESUME_PRESENCE', `${presence} is not enough here: ${enough.join(' or ')}`);
}
