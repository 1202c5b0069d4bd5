import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { z } from 'zod';

const modules = fileURLToPath(new URL('./peers/node_modules/', import.meta.url));
const packageSchema = z.looseObject({
  version: z.string(),
  bin: z.union([z.string(), z.record(z.string(), z.string())]).optional(),
});

/** A peer that is installed. */
export interface Peer {
  readonly version: string;
  /** Path of its program, for those that have one. */
  readonly program?: string;
  /** Its module, as `import` takes it. */
  readonly entry: string;
}

/** How to get the peers; said wherever one is missing. */
export const HOW_TO_INSTALL = 'install the peers with `npm run bench:install`';

/** A peer, or undefined if the peers are not installed. */
export function findPeer(name: string): Peer | undefined {
  const path = `${modules}${name}/package.json`;
  if (!existsSync(path)) return undefined;
  const { version, bin } = packageSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  const program = typeof bin === 'string' ? bin : bin?.[name];
  return {
    version,
    ...(program === undefined ? {} : { program: `${modules}${name}/${program}` }),
    entry: pathToFileURL(`${modules}${name}/dist/index.js`).href,
  };
}
