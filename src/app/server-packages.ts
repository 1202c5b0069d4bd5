import { join } from 'node:path';
import { installServer } from '../adapters/tools/mcp/launch/install-server.ts';
import { digestCommand } from '../adapters/tools/mcp/launch/launch-command.ts';
import { acceptPackage, readReviewed } from '../adapters/tools/mcp/launch/launch-package.ts';
import { type PackagePin, readPin } from '../adapters/tools/mcp/launch/print-pin.ts';
import { systemClock } from '../base/clock.ts';
import type { Digest } from '../base/digest.ts';
import { Fault } from '../base/fault.ts';
import { digestSchema } from '../model/manifest.ts';
import type { LoadedConfig } from './config/load-config.ts';
import { dataFolder, makeFolder } from './data-folder.ts';
import { foldersAbove } from './open-sources.ts';

/**
 * Installs packages into the gateway's own folder: the one that is named, to be reviewed and pinned, or every one the
 * configuration names, each held to its declared integrity. The only step that uses the network. Throws a `Fault`:
 * E_SERVER_INTEGRITY, E_SERVER_LAUNCH.
 */
export async function installServers(
  loaded: LoadedConfig,
  environment: Readonly<Record<string, string | undefined>>,
  named: string | undefined,
  signal: AbortSignal,
): Promise<readonly PackagePin[]> {
  const serversFolder = join(dataFolder(loaded), 'servers');
  await makeFolder(serversFolder);
  const declared = Object.values(loaded.manifest.servers).filter((server) => 'package' in server);
  const wanted =
    named === undefined ? declared : [declared.find((server) => server.package === named) ?? { package: named }];
  if (wanted.length === 0) throw new Fault('E_USAGE', 'the configuration names no package; name one: `name@1.2.3`');
  const installed: PackagePin[] = [];
  for (const server of wanted) {
    const pinned = 'integrity' in server ? { integrity: server.integrity } : {};
    const digest = 'digest' in server && server.digest !== undefined ? { digest: server.digest as Digest } : {}; // its schema admits nothing else
    installed.push(
      await installServer({
        package: server.package,
        ...pinned,
        ...digest,
        serversFolder,
        environment,
        clock: systemClock,
        signal,
      }),
    );
  }
  return installed;
}

/** The pin of an installed package as it lies on disk. Throws a `Fault`: E_NOT_FOUND, E_SERVER_INTEGRITY. */
export function pinOfServer(loaded: LoadedConfig, spec: string): Promise<PackagePin> {
  return readPin(spec, placesOf(loaded));
}

/** How a package of the configuration stands: what was reviewed, and what lies on disk. */
export interface PackageReview {
  readonly server: string;
  readonly package: string;
  /** Of the files that were reviewed, or installed; absent where nothing is recorded. */
  readonly reviewed?: Digest;
  readonly found: Digest;
  /** The server is not started until its files are accepted. */
  readonly disabled: boolean;
}

/** Compares a server's package with what was reviewed. Throws a `Fault`: E_NOT_FOUND, E_USAGE, E_SERVER_INTEGRITY. */
export async function reviewPackage(loaded: LoadedConfig, name: string): Promise<PackageReview> {
  const { package: spec, digest } = packageOf(loaded, name);
  const places = placesOf(loaded);
  const { digest: found } = await readPin(spec, places);
  const record = await readReviewed(spec, places);
  const reviewed = (digest as Digest | undefined) ?? record?.tree; // its schema admits nothing else
  const disabled = digest === undefined ? record?.disabled !== undefined || record?.tree !== found : digest !== found;
  return { server: name, package: spec, found, disabled, ...(reviewed === undefined ? {} : { reviewed }) };
}

/**
 * Accepts the files of a server's package, if they still have the digest that was looked at. Throws a `Fault`: E_CONFIG
 * where the manifest pins another, E_SERVER_INTEGRITY where they have changed again.
 */
export async function acceptServer(loaded: LoadedConfig, name: string, seen: string): Promise<Digest> {
  const { package: spec, integrity, digest } = packageOf(loaded, name);
  if (digest !== undefined && digest !== seen) {
    const { file, line } = loaded.place(['servers', name, 'digest']);
    throw new Fault('E_CONFIG', `${file}:${line} pins another digest; change it there, by which it is reviewed`);
  }
  const parsed = digestSchema.safeParse(seen);
  if (!parsed.success)
    throw new Fault('E_USAGE', 'the digest is `sha256:` and 64 hexadecimal digits, as `servers review` shows it');
  return acceptPackage({ package: spec, integrity, clock: systemClock, ...placesOf(loaded) }, seen as Digest); // as just parsed
}

function packageOf({ manifest }: LoadedConfig, name: string) {
  const server = Object.hasOwn(manifest.servers, name) ? manifest.servers[name] : undefined;
  if (server === undefined) throw new Fault('E_NOT_FOUND', `no server \`${name}\` is configured`);
  if (!('package' in server))
    throw new Fault('E_USAGE', `\`${name}\` is started from no package; see \`chaperone servers pin ${name}\``);
  return server;
}

const placesOf = (loaded: LoadedConfig) => ({
  serversFolder: join(dataFolder(loaded), 'servers'),
  projectFolders: foldersAbove(loaded.folder),
});

/** What pins the files of a configured `command` server as they are now; undefined where no such server has the name. */
export async function pinOfCommand(
  { manifest, folder }: LoadedConfig,
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly server: string; readonly files: readonly string[]; readonly digest: Digest } | undefined> {
  const server = Object.hasOwn(manifest.servers, name) ? manifest.servers[name] : undefined;
  if (server === undefined || !('command' in server)) return undefined;
  const { command, files } = server;
  const digest = await digestCommand({ command, folder, environment, ...(files === undefined ? {} : { files }) });
  return { server: name, files: files ?? [command], digest };
}
