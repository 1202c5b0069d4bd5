import { join } from 'node:path';
import { SealedJournal } from '../../adapters/credentials/sealed-file/sealed-journal.ts';
import type { Manifest } from '../../model/manifest.ts';
import {
  CredentialBroker,
  type KnownCredential,
  type RecordCredential,
} from '../../runtime/credentials/credential-broker.ts';
import type { HeldSecrets } from '../../scan/held-secrets.ts';
import type { SecretMask } from '../secret-mask.ts';
import { type CredentialOptions, CredentialSources } from './open-credentials.ts';

export interface LeasingOptions extends CredentialOptions {
  /** Takes secrets out of what comes back; told of every credential before anybody has it. */
  readonly mask: SecretMask;
  /** Finds them in what goes out. */
  readonly held: HeldSecrets;
  /** Writes what became of a credential that no client of the door has. */
  readonly record: RecordCredential;
  readonly report: (message: string) => void;
}

/** The credentials of an installation, leased from wherever the manifest says that they come from. */
export class Leasing {
  readonly broker: CredentialBroker;
  readonly record: RecordCredential;
  readonly #sources: CredentialSources;
  #known: ReadonlyMap<string, KnownCredential> = new Map();

  constructor(options: LeasingOptions) {
    const { clock, data, mask, held, record, report } = options;
    this.record = record;
    this.#sources = new CredentialSources(options);
    const { store } = this.#sources;
    this.broker = new CredentialBroker({
      clock,
      find: (name) => this.#known.get(name),
      journal: new SealedJournal(join(data, 'credential-leases'), () => store.identity(), clock),
      hold: (secret) => {
        held.add([secret]);
        mask.add([secret]);
      },
      letGo: (secrets) => {
        held.remove(secrets);
        mask.remove(secrets);
      },
      record,
      report,
    });
  }

  /** Takes up a manifest. `folder` is what paths in it are relative to. */
  follow(manifest: Manifest, folder: string): void {
    this.#known = this.open(manifest, folder);
  }

  /** The credentials of a manifest, by name in lower case. Nothing is read before somebody asks. */
  open(manifest: Manifest, folder: string): ReadonlyMap<string, KnownCredential> {
    const sources = this.#sources.open(manifest, folder);
    return new Map(
      Object.entries(manifest.credentials).flatMap(([name, config]) => {
        const source = sources.get(name.toLowerCase());
        return source === undefined ? [] : [[name.toLowerCase(), { config, source }]];
      }),
    );
  }
}
