import { openWitnessFolder } from '../../adapters/ledgers/witnesses/open-witness-folder.ts';
import { holdFolder } from '../../adapters/locks/hold-folder.ts';
import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { createWitness } from '../../doors/witness/create-witness.ts';
import { listenWitness } from '../../doors/witness/listen.ts';
import type { VerifierKey } from '../../ledger/verifier-key.ts';

export interface ServeWitnessOptions {
  readonly folder: string;
  readonly name: string;
  readonly logKeys: readonly VerifierKey[];
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  readonly onProblem: (fault: Fault) => void;
}

export interface ServingWitness {
  readonly origin: string;
  readonly key: VerifierKey;
  close(): Promise<void>;
}

/**
 * Serves a witness whose key and memory lie in a folder, which it has to itself.
 *
 * @throws Fault E_CONFIG, E_LISTEN; E_LEDGER where another witness has the folder.
 */
export async function serveWitness(options: ServeWitnessOptions): Promise<ServingWitness> {
  const { key, memory } = await openWitnessFolder(options.folder, options.name, options.clock);
  if (key.verifier.name !== options.name) {
    throw new Fault('E_CONFIG', `the witness in ${options.folder} is called ${key.verifier.name}, and keeps its name`);
  }
  const hold = holdFolder(options.folder, 'E_LEDGER');
  if (hold === undefined) throw new Fault('E_LEDGER', `another witness is at work in ${options.folder}`);
  try {
    const door = createWitness({ logKeys: options.logKeys, key, memory, clock: options.clock });
    const listener = await listenWitness(door, options, options.onProblem);
    return {
      origin: listener.origin,
      key: key.verifier,
      async close() {
        await listener.close();
        hold[Symbol.dispose]();
      },
    };
  } catch (error) {
    hold[Symbol.dispose]();
    throw error;
  }
}
