import { HASH_BYTES } from './hash.ts';
import { entriesPath, TILE_WIDTH, type TileName, tilePath } from './tiles.ts';

export interface LogFiles {
  /** Undefined where there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>;
}

/** A tile's hashes; undefined where it is missing or too short. */
export async function readTile(files: LogFiles, name: TileName): Promise<Uint8Array | undefined> {
  const bytes = await readEither(files, tilePath(name), tilePath({ ...name, width: TILE_WIDTH }));
  const length = name.width * HASH_BYTES;
  return bytes !== undefined && bytes.length >= length ? bytes.subarray(0, length) : undefined;
}

/** A bundle's bytes, of the full one where the partial one is gone; undefined where both are. */
export function readBundleBytes(files: LogFiles, index: number, width: number): Promise<Uint8Array | undefined> {
  return readEither(files, entriesPath(index, width), entriesPath(index, TILE_WIDTH));
}

/** Partial files are removed once the full one, which begins with the same, is there. */
async function readEither(files: LogFiles, path: string, full: string): Promise<Uint8Array | undefined> {
  return (await files.read(path)) ?? (path === full ? undefined : await files.read(full));
}
