import { newId, systemClock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import type { JsonObject } from '../../base/json.ts';
import { dataFolder, makeFolder } from '../data-folder.ts';
import { openStore } from '../open-store.ts';
import { identifyLocal, type PlacedPeople } from './identify-local.ts';

/** Where what somebody does to the gateway itself is recorded. */
export interface Acts extends AsyncDisposable {
  /** @param act the command, such as `cred rotate`. @param what to what, and no secret. Throws a `Fault` E_STORE. */
  record(act: string, what: JsonObject): Promise<void>;
}

/**
 * Opens the record for what somebody is about to do at the command line: credentials, servers, rules, keys, receivers. Opened
 * first, so that nothing is done where it could not be recorded. Throws the store's `Fault`.
 *
 * @param interactive whether they sit at a terminal
 */
export async function openActs(placed: PlacedPeople, interactive: boolean): Promise<Acts> {
  const data = dataFolder(placed);
  await makeFolder(data);
  const { person, presence } = await identifyLocal(placed, interactive);
  const store = await openStore(data, systemClock);
  return {
    async record(act, what) {
      const { tenant } = placed.manifest;
      const id = newId(systemClock, 'evt');
      const body = { act, ...what, by: person, presence };
      const event = { id, kind: 'gateway.changed' as const, tenant, atMs: systemClock.nowMs(), body };
      const result = await store.commit([{ kind: 'event.append', event }]);
      if (!result.ok) throw new Fault(result.code, `\`${act}\` is not in the record: ${result.message}`);
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
}

/** Records one act. Throws a `Fault` E_STORE. */
export async function recordAct(
  placed: PlacedPeople,
  interactive: boolean,
  act: string,
  what: JsonObject,
): Promise<void> {
  await using acts = await openActs(placed, interactive);
  await acts.record(act, what);
}
