import type { Clock } from '../../base/clock.ts';
import type { StopSwitch } from '../../ports/stop-switch.ts';
import type { Store } from '../../ports/store.ts';
import type { WhoIsWho } from '../../runtime/people/one-person.ts';

/** What a stop stands on: the store, and the data folder that the gateways share. */
export interface StopBase {
  readonly store: Store;
  readonly clock: Clock;
  readonly data: string;
  readonly stopSwitch: StopSwitch;
  /** As much of the configuration in force as people are told apart by. */
  manifest(): WhoIsWho['manifest'];
}
