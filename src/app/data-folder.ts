import { existsSync, realpathSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { digestBytes } from '../base/digest.ts';
import { Fault } from '../base/fault.ts';
import type { Manifest } from '../model/manifest.ts';
import type { LoadedConfig } from './config/load-config.ts';

const OWNER_ONLY = 0o700;
const OTHERS = 0o077;
const DIGEST_CHARS = 12;
const NAME_CHARS = 40;
/** Where data lay before it had a place of its own, and still lies where it was left. */
export const FORMER_FOLDER = '.chaperone';

type Environment = Readonly<Record<string, string | undefined>>;
/** What of a configuration says where its data lies. */
export type PlacedConfig = Pick<LoadedConfig, 'file' | 'folder' | 'manifest'>;
/** As little of it as the folder can be told by. */
export type PlacedFile = Pick<LoadedConfig, 'file' | 'folder'> & { readonly manifest: Pick<Manifest, 'data'> };

/** Makes the data folder, readable by its owner alone. Throws a `Fault` E_STORE where that is not possible. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: OWNER_ONLY });
  } catch (error) {
    throw new Fault('E_STORE', `the data folder \`${path}\` cannot be made`, { cause: error });
  }
}

/** The data folder of a configuration, absolute, whether or not it is there yet. */
export function dataFolder(loaded: PlacedFile, environment: Environment = process.env): string {
  return placeData(loaded, environment).folder;
}

/** Where the data of a configuration lies, and why it should move, if it should. */
export function placeData(
  loaded: PlacedFile,
  environment: Environment = process.env,
): { readonly folder: string; readonly warning?: string } {
  const { folder, manifest } = loaded;
  if (manifest.data !== undefined) return { folder: resolve(folder, manifest.data) };
  const own = ownFolder(configPath(loaded), environment);
  const former = join(folder, FORMER_FOLDER);
  // Once there is data of its own, what lies beside the configuration is nobody's: a tool of the project may have made it.
  if (holdsData(own) || !isFormerData(former)) return { folder: own };
  const warning = `the data lies in the project, at ${former}; end the gateway, then \`mkdir -p -m 700 ${quote(own)} && mv ${quote(former)}/* ${quote(own)}\``;
  return { folder: former, warning };
}

/** The file of a configuration, absolute, whether or not it is there. */
export function configPath({ file, folder }: Pick<LoadedConfig, 'file' | 'folder'>): string {
  // What came from no file has the place of the file that would take over from it.
  return join(folder, file.startsWith('(') ? 'chaperone.yaml' : basename(file));
}

/** The folder of what belongs to one configuration file: outside of every project, so that no project's tools reach it. */
export function ownFolder(config: string, environment: Environment = process.env): string {
  const real = realPathOf(config);
  const name =
    basename(dirname(real))
      .replace(/[^\w.-]+/g, '-')
      .slice(0, NAME_CHARS) || 'config';
  const digest = digestBytes(real).slice('sha256:'.length).slice(0, DIGEST_CHARS);
  return join(stateFolder(environment), 'chaperone', `${name}-${digest}`);
}

/** Where programs of this user keep what they have to remember. */
function stateFolder(environment: Environment): string {
  const told = environment['XDG_STATE_HOME'];
  if (told !== undefined && isAbsolute(told)) return told;
  if (process.platform === 'win32') {
    const local = environment['LOCALAPPDATA'];
    return local !== undefined && isAbsolute(local) ? local : join(homedir(), 'AppData', 'Local');
  }
  const home = environment['HOME'];
  const base = home !== undefined && isAbsolute(home) ? home : homedir();
  return process.platform === 'darwin' ? join(base, 'Library', 'Application Support') : join(base, '.local', 'state');
}

/** Ours, and made by us: a folder that came with a copy of somebody's project can be looked into by others. */
function isFormerData(folder: string): boolean {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (!found?.isDirectory()) return false;
  if (!holdsData(folder)) return false;
  if (process.platform === 'win32') return true;
  return (found.mode & OTHERS) === 0 && found.uid === process.getuid?.();
}

function holdsData(folder: string): boolean {
  return existsSync(join(folder, 'store.db')) || existsSync(join(folder, 'keys'));
}

function realPathOf(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    const folder = dirname(path);
    return folder === path ? path : join(realPathOf(folder), basename(path));
  }
}

const quote = (path: string) => `'${path.replaceAll("'", `'\\''`)}'`;
