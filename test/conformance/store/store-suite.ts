import { describeChanges } from './describe-changes.ts';
import { describeEvents } from './describe-events.ts';
import { describeOpenStores } from './describe-open-stores.ts';
import { describeQuestions } from './describe-questions.ts';
import { describeState } from './describe-state.ts';
import { openPlaces, type StoreKind } from './store-places.ts';

/**
 * What every store must do. A store that passes may take the place of any other: same results, same codes, same order.
 * Call it at the top of a test file.
 */
export function describeStore(name: string, kind: StoreKind): void {
  const places = openPlaces(kind);
  describeChanges(name, places, kind);
  describeEvents(name, places);
  describeQuestions(name, places);
  describeState(name, places);
  describeOpenStores(name, places);
}
