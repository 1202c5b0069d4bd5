import { join } from 'node:path';
import { openLocalSigner } from '../adapters/signers/local/signer.ts';
import type { Clock } from '../base/clock.ts';
import type { Signer } from '../ports/signer.ts';

const ISSUER = 'chaperone';

/** The signer whose keys lie in a data folder. Throws a `Fault` E_CONFIG where they are not private. */
export function openSigner(data: string, clock: Clock): Promise<Signer> {
  return openLocalSigner({ folder: join(data, 'keys'), issuer: ISSUER, clock });
}
