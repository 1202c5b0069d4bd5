import { systemClock } from '../../base/clock.ts';
import type { PeopleDesk } from '../../runtime/people/people-desk.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { dataFolder, makeFolder } from '../data-folder.ts';
import { openSigner } from '../open-signer.ts';
import { openStore } from '../open-store.ts';
import { openPeopleDesk } from './open-people-desk.ts';

/** The accounts of a configuration, beside a gateway that may be running. Throws the store’s `Fault`. */
export async function openAccounts(loaded: LoadedConfig): Promise<PeopleDesk & AsyncDisposable> {
  const data = dataFolder(loaded);
  await makeFolder(data);
  const store = await openStore(data, systemClock);
  const signer = await openSigner(data, systemClock);
  const desk = openPeopleDesk({ store, clock: systemClock, signer, manifest: () => loaded.manifest });
  return { ...desk, [Symbol.asyncDispose]: () => store.close() };
}
