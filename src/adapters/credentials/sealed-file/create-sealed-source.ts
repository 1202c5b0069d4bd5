import { Fault } from '../../../base/fault.ts';
import type { CredentialSource } from '../../../ports/credentials.ts';
import type { SealedStore } from './sealed-store.ts';

/** The value that is in use now: one that was rotated meanwhile is had by the next lease. */
export function createSealedSource(store: SealedStore): CredentialSource {
  return {
    async lease({ name }) {
      const version = await store.version(name);
      const secret = await store.read(name);
      if (secret === undefined)
        throw new Fault('E_CREDENTIAL', `\`${name}\` has no value; give it one with \`chaperone cred add ${name}\``);
      return { secret, isCurrent: async () => (await store.version(name)) === version };
    },
  };
}
