import type { DatabaseSync } from 'node:sqlite';
import { giveToMeter, type MeterSlots, takeFromMeter } from '../../../model/meter.ts';
import { refusals, type StoreRefusal } from '../refusals.ts';
import type { OtherChange } from './wire.ts';

type Kind<K extends OtherChange['kind']> = Extract<OtherChange, { readonly kind: K }>;

/**
 * What is taken from meters, and given back. It is kept here until `write`, so that a meter from which all calls of a
 * batch take is written once.
 */
export interface MeterChanges {
  /** What was taken of each, or why nothing was. */
  take(change: Kind<'budget.take'>): readonly number[] | StoreRefusal;
  give(change: Kind<'budget.give'>): undefined;
  /** From here on `takeBack` undoes what was taken and given. */
  mark(): void;
  takeBack(): void;
  /** Writes what has changed. To be called before the transaction ends. */
  write(): void;
  /** Forgets what is remembered of the file, and what has not been written. */
  forget(): void;
}

const REMEMBERED = 10_000;
/** Meters that one statement writes. */
const AT_ONCE = 8;

export function createMeterChanges(db: DatabaseSync): MeterChanges {
  const select = db.prepare('SELECT slots FROM meters WHERE meter = ?');
  const writes = Array.from({ length: AT_ONCE }, (_, more) =>
    db.prepare(`INSERT OR REPLACE INTO meters (meter, slots) VALUES (?, ?)${', (?, ?)'.repeat(more)}`),
  );
  // A meter is asked for again by the next call of the same run, agent, user and tenant.
  const remembered = new Map<string, MeterSlots>();
  const unwritten = new Set<string>();
  /** What was there before, since the mark. */
  let before: (readonly [meter: string, slots: MeterSlots])[] = [];

  function read(meter: string): MeterSlots {
    const known = remembered.get(meter);
    if (known !== undefined) return known;
    if (remembered.size >= REMEMBERED) {
      write();
      remembered.clear();
    }
    const row = select.get(meter);
    const slots = row === undefined ? [] : readSlots(row['slots']);
    remembered.set(meter, slots);
    return slots;
  }

  function put(meter: string, slots: MeterSlots): void {
    before.push([meter, read(meter)]);
    remembered.set(meter, slots);
    unwritten.add(meter);
  }

  function write(): void {
    if (unwritten.size === 0) return;
    const meters = [...unwritten];
    for (let i = 0; i < meters.length; i += AT_ONCE) {
      const some = meters.slice(i, i + AT_ONCE);
      writes[some.length - 1]?.run(...some.flatMap((meter) => [meter, JSON.stringify(remembered.get(meter) ?? [])]));
    }
    unwritten.clear();
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
    mark() {
      before = [];
    },
    takeBack() {
      for (const [meter, slots] of before.reverse()) {
        remembered.set(meter, slots);
        unwritten.add(meter); // it may have been written meanwhile
      }
      before = [];
    },
    write,
    forget() {
      remembered.clear();
      unwritten.clear();
      before = [];
    },
  };
}

/** As `write` wrote it. */
export function readSlots(text: unknown): MeterSlots {
  return JSON.parse(String(text)) as MeterSlots;
}
