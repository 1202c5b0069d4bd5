import type { DatabaseSync } from 'node:sqlite';
import { giveToMeter, type MeterSlots, takeFromMeter } from '../../../model/meter.ts';
import { refusals, type StoreRefusal } from '../refusals.ts';
import type { OtherChange } from './wire.ts';

type Kind<K extends OtherChange['kind']> = Extract<OtherChange, { readonly kind: K }>;

/** What is taken from meters, and given back. */
export interface MeterChanges {
  /** What was taken of each, or why nothing was. */
  take(change: Kind<'budget.take'>): readonly number[] | StoreRefusal;
  give(change: Kind<'budget.give'>): undefined;
  /** Forgets what is remembered of the file. */
  forget(): void;
}

const REMEMBERED = 10_000;

export function createMeterChanges(db: DatabaseSync): MeterChanges {
  const select = db.prepare('SELECT slots FROM meters WHERE meter = ?');
  const write = db.prepare('INSERT OR REPLACE INTO meters (meter, slots) VALUES (?, ?)');
  // A meter is asked for again by the next call of the same run, agent, user and tenant.
  const remembered = new Map<string, MeterSlots>();

  function read(meter: string): MeterSlots {
    const known = remembered.get(meter);
    if (known !== undefined) return known;
    const row = select.get(meter);
    const slots = row === undefined ? [] : readSlots(row['slots']);
    if (remembered.size >= REMEMBERED) remembered.clear();
    remembered.set(meter, slots);
    return slots;
  }

  function put(meter: string, slots: MeterSlots): void {
    write.run(meter, JSON.stringify(slots));
    remembered.set(meter, slots);
  }

  return {
    take({ takes, nowMs }) {
      const after = new Map<string, MeterSlots>();
      const taken: number[] = [];
      for (const take of takes) {
        const answer = takeFromMeter(after.get(take.meter) ?? read(take.meter), take, nowMs);
        if (!answer.ok) return refusals.meterEmpty(take, answer);
        taken.push(answer.taken);
        if (answer.taken > 0) after.set(take.meter, answer.slots);
      }
      for (const [meter, slots] of after) put(meter, slots);
      return taken;
    },
    give({ gives }) {
      for (const give of gives) put(give.meter, giveToMeter(read(give.meter), give));
    },
    forget() {
      remembered.clear();
    },
  };
}

/** As `put` wrote it. */
export function readSlots(text: unknown): MeterSlots {
  return JSON.parse(String(text)) as MeterSlots;
}
