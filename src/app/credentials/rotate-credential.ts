import { setTimeout as wait } from 'node:timers/promises';
import type { SealedStore } from '../../adapters/credentials/sealed-file/sealed-store.ts';
import { Fault, toFault } from '../../base/fault.ts';

export interface Rotation {
  readonly store: SealedStore;
  readonly name: string;
  readonly value: string;
  /** Tries the new value where it will be used. Rejects where it is not good. */
  readonly canary: ((value: string) => Promise<void>) | undefined;
  /** How long requests that have the old value are given to end. */
  readonly drainMs: number;
  readonly tell: (step: 'created' | 'tried' | 'switched' | 'drained' | 'revoked') => void;
}

/**
 * Replaces a sealed credential without a moment in which there is none: the new value is kept beside the old, tried,
 * put in its place, and the old one is thrown away once nothing can be using it any more. Where trying it fails, all is as it was.
 * Rejects with a `Fault` E_CREDENTIAL.
 */
export async function rotateCredential(rotation: Rotation): Promise<void> {
  const { store, name, value, canary, drainMs, tell } = rotation;
  if ((await store.read(name)) === undefined)
    throw new Fault('E_CREDENTIAL', `there is no credential \`${name}\` to rotate; add it first`);
  await store.write(name, value, 'next');
  tell('created');
  if (canary !== undefined) {
    try {
      await canary(value);
    } catch (error) {
      await store.remove(name, 'next');
      const { message } = toFault(error, 'E_CREDENTIAL', 'it was not accepted');
      throw new Fault('E_CREDENTIAL', `the new value of \`${name}\` does not work, so the old one stays: ${message}`);
    }
    tell('tried');
  }
  await store.promote(name);
  tell('switched');
  await wait(drainMs);
  tell('drained');
  await store.remove(name, 'previous');
  tell('revoked');
}
