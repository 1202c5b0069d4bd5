import { join } from 'node:path';
import { installServer } from '../adapters/tools/mcp/launch/install-server.ts';
import { digestCommand } from '../adapters/tools/mcp/launch/launch-command.ts';
import { type PackagePin, readPin } from '../adapters/tools/mcp/launch/print-pin.ts';
import { systemClock } from '../base/clock.ts';
import type { Digest } from '../base/digest.ts';
import { Fault } from '../base/fault.ts';
import type { LoadedConfig } from './config/load-config.ts';
import { makeFolder } from './data-folder.ts';
import { dataFolder } from './open-config.ts';
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
  return readPin(spec, {
    serversFolder: join(dataFolder(loaded), 'servers'),
    projectFolders: foldersAbove(loaded.folder),
  });
}

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
