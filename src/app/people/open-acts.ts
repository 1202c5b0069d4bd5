import { newId, systemClock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import type { JsonObject } from '../../base/json.ts';
import { dataFolder, makeFolder } from '../data-folder.ts';
import { openStore } from '../open-store.ts';
import { identifyLocal, type PlacedPeople } from './identify-local.ts';

/** What somebody does to the gateway itself. */
export interface Act {
  /** The command, such as `cred rotate`. */
  readonly name: string;
  /** To what, and no secret. */
  readonly what: JsonObject;
}

/** Where what somebody does to the gateway itself is recorded. */
export interface Acts extends AsyncDisposable {
  /**
   * Does it. That it is begun is recorded before, and what came of it after: whoever is killed between the two has left what
   * they were at. Throws what `task` throws, or a `Fault` E_STORE: before anything is done, or after it is.
   *
   * @param tell what came of it, and no secret
   */
  perform<T>(act: Act, task: () => Promise<T>, tell?: (done: T) => JsonObject): Promise<T>;
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
  async function record({ name, what }: Act, state: 'begun' | 'done' | 'failed', more: JsonObject = {}) {
    const { tenant } = placed.manifest;
    const id = newId(systemClock, 'evt');
    const body = { act: name, ...what, ...more, state, by: person, presence };
    const event = { id, kind: 'gateway.changed' as const, tenant, atMs: systemClock.nowMs(), body };
    const result = await store.commit([{ kind: 'event.append', event }]);
    if (!result.ok) throw new Fault(result.code, `\`${name}\` is not in the record: ${result.message}`);
  }
  return {
    async perform(act, task, tell) {
      await record(act, 'begun');
      let done: Awaited<ReturnType<typeof task>>;
      try {
        done = await task();
      } catch (error) {
        // That it was begun is on record: what went wrong with it is told rather than what went wrong with the record.
        await record(act, 'failed', error instanceof Fault ? { code: error.code } : {}).catch(() => {});
        throw error;
      }
      await record(act, 'done', tell?.(done));
      return done;
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
}

/** Performs one act. Throws as `Acts.perform`. */
export async function performAct<T>(
  placed: PlacedPeople,
  interactive: boolean,
  act: Act,
  task: () => Promise<T>,
): Promise<T> {
  await using acts = await openActs(placed, interactive);
  return await acts.perform(act, task); // the record stays open until then
}
