import { resolve } from 'node:path';
import { openBucketCopy } from '../../adapters/ledgers/copies/open-bucket-copy.ts';
import { openFolderCopy } from '../../adapters/ledgers/copies/open-folder-copy.ts';
import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { Secret } from '../../base/secret.ts';
import { type LedgerCopyConfig, readBucketAddress } from '../../model/ledger-copy.ts';
import type { LedgerCopy } from '../../ports/ledger.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { resolveValues } from '../config/resolve-values.ts';
import type { NamedCopy } from './ledger-copies.ts';

export interface CopyWorld {
  readonly loaded: LoadedConfig;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Told of every secret that is read, so that no argument carries it. */
  readonly hold: (secrets: readonly Secret[]) => void;
}

/** The copies of the ledger that a configuration names. Throws a `ConfigFault` for a secret that is not there. */
export function openCopies(world: CopyWorld): Promise<readonly NamedCopy[]> {
  const { copies } = world.loaded.manifest.ledger;
  return Promise.all(
    Object.entries(copies).map(async ([name, config]) => ({
      name,
      everyMs: config.every,
      copy: await openCopy(world, name, config),
    })),
  );
}

async function openCopy(
  { loaded, environment, clock, hold }: CopyWorld,
  name: string,
  config: LedgerCopyConfig,
): Promise<LedgerCopy> {
  const address = readBucketAddress(config.to);
  if (address === undefined) return openFolderCopy(resolve(loaded.folder, config.to));
  const { accessKeyId, secretAccessKey, sessionToken, region } = config;
  const wanted = Object.entries({ accessKeyId, secretAccessKey, sessionToken }).flatMap(([key, value]) =>
    value === undefined ? [] : [{ path: ['ledger', 'copies', name, key], value }],
  );
  const { values } = await resolveValues(loaded, environment, wanted);
  hold(values.filter((value) => value instanceof Secret));
  const [id, key, token] = values;
  if (id === undefined || key === undefined)
    throw new Fault('E_CONFIG', `copy \`${name}\` lacks the key of its bucket`);
  return openBucketCopy({
    ...address,
    endpoint: new URL(config.endpoint ?? `https://s3.${region}.amazonaws.com`),
    region,
    clock,
    accessKeyId: id,
    secretAccessKey: key,
    ...(token === undefined ? {} : { sessionToken: token }),
  });
}
