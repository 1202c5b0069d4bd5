import { setTimeout as pause } from 'node:timers/promises';
import { limits } from '../../base/limits.ts';
import type { CredentialBroker } from '../../runtime/credentials/credential-broker.ts';
import type { EgressBook } from '../../runtime/egress/egress-book.ts';

/**
 * Lets go of what a gateway holds for a scope that was stopped: whatever goes out for it is cut, and what was leased to it
 * is taken back. Resolves when all of that is recorded, or after a while all the same: an issuer that hangs holds up no
 * other stop. What is not taken back by then is tried again later.
 */
export async function letGo(scope: string, book: EgressBook, broker: CredentialBroker): Promise<void> {
  const revoked = broker.revokeFor(scope);
  // Those of runs below a stopped one end with their connections.
  book.endWithin(scope);
  const done = revoked.then(() => broker.settle()).then(() => book.flush());
  const abort = new AbortController();
  await Promise.race([done, pause(limits.stopRevokeMs, undefined, { signal: abort.signal, ref: false })]);
  abort.abort();
}
