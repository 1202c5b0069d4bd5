import type { Clock } from '../../base/clock.ts';
import type { Secret } from '../../base/secret.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import type { Leasing } from '../credentials/leasing.ts';

/** What copies of the ledger are opened from. */
export interface CopyWorld {
  readonly loaded: LoadedConfig;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Told of every secret that is read, so that no argument carries it. */
  readonly hold: (secrets: readonly Secret[]) => void;
  /** Where what is lent comes from. */
  readonly leasing: Leasing;
}
