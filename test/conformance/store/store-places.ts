import { afterEach } from 'vitest';
import type { Store } from '../../../src/ports/store.ts';

/** Somewhere a store can live: empty at first. Several stores may have it open at a time, as several processes do. */
export interface StorePlace {
  open(): Promise<Store>;
  remove(): Promise<void>;
}

export interface StoreKind {
  /** How many rounds of the property test: fewer where opening is slow. */
  readonly rounds: number;
  newPlace(): Promise<StorePlace>;
}

/** Where tests live: what they open and do not close themselves is closed and removed after each. */
export interface StorePlaces {
  newPlace(): Promise<StorePlace>;
  /** In a place of its own, where none is given. */
  openStore(place?: StorePlace): Promise<Store>;
}

/** To be called at the top of a test file. */
export function openPlaces(kind: StoreKind): StorePlaces {
  const cleanups: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function newPlace(): Promise<StorePlace> {
    const place = await kind.newPlace();
    cleanups.push(() => place.remove());
    return place;
  }

  async function openStore(place?: StorePlace): Promise<Store> {
    const store = await (place ?? (await newPlace())).open();
    cleanups.push(() => store.close());
    return store;
  }

  return { newPlace, openStore };
}
