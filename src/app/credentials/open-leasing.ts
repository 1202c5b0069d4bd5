import type { Clock } from '../../base/clock.ts';
import { HeldSecrets } from '../../scan/held-secrets.ts';
import type { Notify } from '../notice.ts';
import { openSigner } from '../open-signer.ts';
import { SecretMask } from '../secret-mask.ts';
import { Leasing } from './leasing.ts';

export interface OpenLeasingOptions {
  /** Absolute path of the data folder. */
  readonly data: string;
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly notify: Notify;
  readonly mask?: SecretMask;
}

/** For whoever has no gateway: only lists tools, or looks at copies. What is lent is not recorded. */
export function openLeasing({ data, clock, environment, notify, mask }: OpenLeasingOptions): Leasing {
  return new Leasing({
    ...{ data, clock, environment, mask: mask ?? new SecretMask(), held: new HeldSecrets() },
    openSigner: () => openSigner(data, clock),
    record: () => {},
    report: (message) => notify({ kind: 'warning', message }),
  });
}
