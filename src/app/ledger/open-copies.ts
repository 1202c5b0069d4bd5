import { resolve } from 'node:path';
import { openFolderCopy } from '../../adapters/ledgers/copies/open-folder-copy.ts';
import { type LedgerCopyConfig, readBucketAddress } from '../../model/ledger-copy.ts';
import { BucketKeys } from './bucket-keys.ts';
import type { CopyWorld } from './copy-world.ts';
import type { NamedCopy } from './ledger-copies.ts';

/** The copies of the ledger that a configuration names. Throws a `ConfigFault` for a secret that is not there. */
export function openCopies(world: CopyWorld): Promise<readonly NamedCopy[]> {
  const { copies } = world.loaded.manifest.ledger;
  return Promise.all(Object.entries(copies).map(([name, config]) => openCopy(world, name, config)));
}

async function openCopy(world: CopyWorld, name: string, config: LedgerCopyConfig): Promise<NamedCopy> {
  const everyMs = config.every;
  const address = readBucketAddress(config.to);
  if (address === undefined) return { name, everyMs, copy: openFolderCopy(resolve(world.loaded.folder, config.to)) };
  const keys = new BucketKeys(world, name, config);
  await keys.check();
  const { region } = config;
  const { openBucketCopy } = await import('../../adapters/ledgers/copies/open-bucket-copy.ts');
  const copy = openBucketCopy({
    ...address,
    endpoint: new URL(config.endpoint ?? `https://s3.${region}.amazonaws.com`),
    region,
    clock: world.clock,
    readKey: () => keys.read(),
  });
  return { name, everyMs, copy, reach: keys };
}
