import { stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { Fault } from '../../base/fault.ts';
import type { Manifest } from '../../model/manifest.ts';
import { mayDo, type Permission, type Person, roles } from '../../model/person.ts';
import type { PersonCaller } from '../../runtime/people/people-world.ts';
import { dataFolder, type PlacedFile } from '../data-folder.ts';
import { openRecord } from '../open-config.ts';

const SHOWN = 1_000;

/** As much of a configuration as people are found by. */
export type PlacedPeople = PlacedFile & { readonly manifest: Pick<Manifest, 'tenant'> };

/**
 * Who sits at this terminal. The account that names this user of the system, if there is one; otherwise `local:<user>`,
 * who may do everything where the data folder is theirs: they could change whatever is asked here. That is how the first
 * admin is made, and a seatbelt: only another user id keeps somebody with a shell out.
 */
export async function identifyLocal(loaded: PlacedPeople, interactive: boolean): Promise<PersonCaller> {
  // Without a terminal it may be any program of this user: nobody was seen.
  const presence = interactive ? 'terminal' : 'session';
  const { tenant } = loaded.manifest;
  const { username } = userInfo();
  const linked = (await listPeople(loaded)).find((person) => person.localUser === username);
  if (linked?.disabled) throw new Fault('E_ROLE_MISSING', `the account \`${linked.id}\` of this user is disabled`);
  if (linked !== undefined) {
    const { id, roles: own, groups } = linked;
    return { tenant, person: id, roles: own, groups, presence };
  }
  const own = await ownsData(dataFolder(loaded));
  return { tenant, person: `local:${username}`, roles: own ? roles : [], groups: [], presence };
}

/** The same, if they may. Throws a `Fault` E_ROLE_MISSING. */
export async function requireLocal(loaded: PlacedPeople, permission: Permission): Promise<PersonCaller> {
  const caller = await identifyLocal(loaded, false);
  if (mayDo(caller.roles, permission)) return caller;
  throw new Fault('E_ROLE_MISSING', `${caller.person} has no role that permits \`${permission}\``);
}

async function listPeople(loaded: PlacedPeople): Promise<readonly Person[]> {
  let record: Awaited<ReturnType<typeof openRecord>>;
  try {
    record = await openRecord(loaded);
  } catch (error) {
    // Nobody has an account where nothing is recorded; a stop must not wait for a store that cannot be read either.
    if (error instanceof Fault) return [];
    throw error;
  }
  try {
    const people: Person[] = [];
    for (;;) {
      const page = await record.listPeople(loaded.manifest.tenant, SHOWN, people.at(-1)?.id);
      people.push(...page);
      if (page.length < SHOWN) return people;
    }
  } finally {
    await record.close();
  }
}

async function ownsData(data: string): Promise<boolean> {
  const uid = process.getuid?.();
  if (uid === undefined || uid === 0) return true;
  const found = await stat(data).catch(() => undefined);
  return found === undefined || found.uid === uid;
}
