import { join, resolve } from 'node:path';
import { launchPackage } from '../../adapters/tools/mcp/launch/launch-package.ts';
import { systemClock } from '../../base/clock.ts';
import type { Digest } from '../../base/digest.ts';
import { toFault } from '../../base/fault.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { dataFolder } from '../data-folder.ts';
import { foldersAbove } from '../open-sources.ts';
import type { ProbeTarget } from './bypass.ts';

/** How an agent would start each stdio server by itself: without secrets of ours, which it does not have. */
export async function listPrograms(
  loaded: LoadedConfig,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Pick<ProbeTarget, 'programs' | 'unstarted'>> {
  const programs: ProbeTarget['programs'][number][] = [];
  const unstarted: ProbeTarget['unstarted'][number][] = [];
  for (const [server, config] of Object.entries(loaded.manifest.servers)) {
    if ('url' in config) continue;
    if ('command' in config) {
      const cwd = resolve(loaded.folder, config.cwd ?? '.');
      programs.push({ server, command: config.command, args: config.args, cwd });
      continue;
    }
    try {
      const { command, args, cwd } = await launchPackage({
        package: config.package,
        integrity: config.integrity,
        args: config.args,
        env: {},
        folder: loaded.folder,
        environment,
        clock: systemClock,
        serversFolder: join(dataFolder(loaded), 'servers'),
        projectFolders: foldersAbove(loaded.folder),
        ...(config.cwd === undefined ? {} : { cwd: config.cwd }),
        ...(config.digest === undefined ? {} : { digest: config.digest as Digest }), // its schema admits nothing else
        ...(config.bin === undefined ? {} : { bin: config.bin }),
      });
      programs.push({ server, command, args, cwd: cwd ?? loaded.folder });
    } catch (error) {
      unstarted.push({ server, why: toFault(error, 'E_SERVER_LAUNCH', 'its package cannot be started').message });
    }
  }
  return { programs, unstarted };
}
