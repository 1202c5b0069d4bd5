import { join } from 'node:path';
import type { Clock } from '../../../base/clock.ts';
import { sha256 } from '../../../base/sha256.ts';
import { parseCheckpoint } from '../../../ledger/checkpoint.ts';
import { toHex } from '../../../ledger/text-bytes.ts';
import type { WitnessMemory } from '../../../ports/ledger.ts';
import { openKeyFiles } from '../keys/key-files.ts';
import { makePrivateKey, type NoteKey, openPrivateKey } from '../keys/private-key.ts';

const KEY = 'key.private';

/**
 * A witness's key and memory in a folder that only its owner can look into: the key, made at first use under `name`, and
 * of each log the checkpoint it signed last.
 *
 * @throws Fault E_CONFIG where the folder is not private or its key is no key.
 */
export async function openWitnessFolder(
  folder: string,
  name: string,
  clock: Clock,
): Promise<{ readonly key: NoteKey; readonly memory: WitnessMemory }> {
  const files = await openKeyFiles(folder, clock);
  if ((await files.read(KEY)) === undefined) await files.add(KEY, makePrivateKey(name, 'cosignature', clock));
  const key = openPrivateKey((await files.read(KEY)) ?? '', 'cosignature', join(folder, KEY));
  const fileOf = (origin: string) => `${toHex(sha256(origin))}.checkpoint`;
  return {
    key,
    memory: {
      async read(origin) {
        const checkpoint = await files.read(fileOf(origin));
        if (checkpoint === undefined) return undefined;
        const { size, root } = parseCheckpoint(checkpoint);
        return { size, root, checkpoint };
      },
      write: (origin, { checkpoint }) => files.replace(fileOf(origin), checkpoint),
    },
  };
}
