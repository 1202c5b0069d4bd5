import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { STOP_FILE, STOP_FOLDER } from '../../adapters/switches/files/open-file-switch.ts';
import { type Clock, newId } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import type { ThrownSwitch } from '../../ports/stop-switch.ts';

const OWNER_ONLY = 0o700;
const AWAY = '.withdrawn-';

/**
 * Throws the switch for a scope: a file that every gateway on the data folder looks at before each call. It is there before
 * this process does anything else: a stop does not take its turn among calls. Throws a `Fault` E_STORE.
 */
export function throwSwitch(data: string, clock: Clock, wanted: Omit<ThrownSwitch, 'place' | 'broken'>): string {
  const folder = join(data, STOP_FOLDER);
  const name = `${newId(clock, 'stop')}.json`;
  try {
    mkdirSync(folder, { recursive: true, mode: OWNER_ONLY });
    const half = join(folder, `.${name}`);
    writeFileSync(half, `${JSON.stringify(wanted)}\n`, { mode: 0o600 });
    renameSync(half, join(folder, name));
    return join(folder, name);
  } catch (error) {
    throw new Fault('E_STORE', `the switch \`${join(folder, name)}\` cannot be written`, { cause: error });
  }
}

/** Switches that were put aside. They are gone once `done`, and stop again after `putBack`. */
export interface WithdrawnSwitches {
  done(): Promise<void>;
  putBack(): Promise<void>;
}

/**
 * Puts the switches of a scope aside, while the record still stops it. Throws a `Fault` E_SWITCH_THROWN for one that is
 * not a plain file of ours: what it was meant to stop, nobody can tell from here.
 */
export async function withdrawSwitches(switches: readonly ThrownSwitch[]): Promise<WithdrawnSwitches> {
  const moved: { readonly from: string; readonly to: string }[] = [];
  const putBack = async () => {
    for (const { from, to } of moved) await rename(to, from);
  };
  for (const { place, broken } of switches) {
    const to = join(dirname(place), `${AWAY}${basename(place)}`);
    try {
      if (broken !== undefined) throw new Fault('E_SWITCH_THROWN', `\`${place}\` stops everything: ${broken}`);
      await rename(place, to);
      moved.push({ from: place, to });
    } catch (error) {
      await putBack();
      throw error instanceof Fault
        ? error
        : new Fault('E_SWITCH_THROWN', `\`${place}\` cannot be taken away`, { cause: error });
    }
  }
  return {
    async done() {
      for (const { to } of moved) await rm(to, { force: true });
    },
    putBack,
  };
}

/** Switches that a resume put aside and did not come to take away: put back, they stop again what they stopped. */
export async function restoreSwitches(data: string): Promise<void> {
  for (const folder of [data, join(data, STOP_FOLDER)]) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names) {
      if (!name.startsWith(AWAY)) continue;
      const original = name.slice(AWAY.length);
      if (folder !== data || original === STOP_FILE) await rename(join(folder, name), join(folder, original));
    }
  }
}
