import { join, resolve } from 'node:path';
import { openLocalRecordKeys, readLocalRecordKeys } from '../adapters/record-keys/local/open-local-record-keys.ts';
import { openHashedStore } from '../adapters/stores/hashed/open-hashed-store.ts';
import { openSealedReads } from '../adapters/stores/sealed/open-sealed-reads.ts';
import { openSealedStore } from '../adapters/stores/sealed/open-sealed-store.ts';
import { openSqliteStore } from '../adapters/stores/sqlite/open-sqlite-store.ts';
import { openSqliteStoreReadOnly, type ReadOnlyStore } from '../adapters/stores/sqlite/open-sqlite-store-read-only.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import type { RecordKeys } from '../ports/record-keys.ts';
import type { Store } from '../ports/store.ts';

/** Where the key lies that the record is sealed with. */
export function recordKeyFolder(data: string): string {
  return join(data, 'record-keys');
}

/**
 * The store of a data folder, sealed, personal data hashed, with its key made where there is none yet.
 *
 * @param inner a store that is open already and takes the place of the one in the folder
 * @throws Fault E_STORE, E_STORE_CORRUPT, E_RECORD_KEY.
 */
export async function openStore(data: string, clock: Clock, inner?: Store): Promise<Store> {
  const keys = await openLocalRecordKeys({ folder: recordKeyFolder(data), clock });
  const store = inner ?? (await openSqliteStore({ path: storeFile(data), clock }));
  return openHashedStore(openSealedStore(store, { keys, clock }), keys);
}

/** The same to look at, while a gateway may be writing it. Throws a `Fault`: E_STORE_NONE where there is none yet. */
export async function openStoreReadOnly(data: string): Promise<ReadOnlyStore> {
  return openSealedReads(await openSqliteStoreReadOnly({ path: storeFile(data) }), readRecordKeys(data));
}

/** The keys of a data folder, read when they are first needed. */
export function readRecordKeys(data: string): RecordKeys {
  return readLocalRecordKeys({ folder: recordKeyFolder(data), clock: systemClock });
}

function storeFile(data: string): string {
  return resolve(data, 'store.db');
}
