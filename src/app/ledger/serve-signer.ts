import { openCheckpointSigner } from '../../adapters/ledgers/keys/open-checkpoint-signer.ts';
import { holdFolder } from '../../adapters/locks/hold-folder.ts';
import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { listenSigner } from '../../doors/signer/listen-signer.ts';
import type { VerifierKey } from '../../ledger/verifier-key.ts';

export interface ServeSignerOptions {
  /** Absolute path of the folder of the keys. */
  readonly folder: string;
  /** Absolute path of the socket. */
  readonly socket: string;
  readonly origin?: string;
  readonly clock: Clock;
}

export interface ServingSigner {
  readonly origin: string;
  readonly keys: readonly VerifierKey[];
  close(): Promise<void>;
}

/** Makes a new key in the folder, beside a signer that may serve it. Throws a `Fault` E_CONFIG, E_LEDGER. */
export async function rotateKeys(folder: string, clock: Clock): Promise<VerifierKey> {
  return (await openCheckpointSigner({ folder, clock })).rotate();
}

/**
 * Serves the keys of a ledger's folder, which no other signer serves at the same time.
 *
 * @throws Fault E_CONFIG, E_LISTEN; E_LEDGER where another signer has the folder.
 */
export async function serveSigner({ folder, socket, ...options }: ServeSignerOptions): Promise<ServingSigner> {
  const signer = await openCheckpointSigner({ folder, ...options });
  const hold = holdFolder(folder, 'E_LEDGER');
  if (hold === undefined) throw new Fault('E_LEDGER', `another signer serves the keys in ${folder}`);
  try {
    const listener = await listenSigner(signer, socket);
    return {
      origin: signer.origin,
      keys: await signer.keys(),
      async close() {
        await listener[Symbol.asyncDispose]();
        hold[Symbol.dispose]();
      },
    };
  } catch (error) {
    hold[Symbol.dispose]();
    throw error;
  }
}
