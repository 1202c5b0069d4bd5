import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { findPackage } from '../../adapters/tools/mcp/launch/find-package.ts';
import { launchCommand } from '../../adapters/tools/mcp/launch/launch-command.ts';
import { parsePackageSpec } from '../../adapters/tools/mcp/launch/package-spec.ts';
import type { ServerConfig } from '../../model/manifest.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { dataFolder } from '../data-folder.ts';
import { foldersAbove } from '../open-sources.ts';
import type { ProbeTarget } from './bypass.ts';

/** Endings of files that are run, not worked on. */
const PROGRAM = /\.([cm]?[jt]s|py|pyz|rb|pl|php|sh|bash|jar|exe|wasm|lua)$/i;

/** What each stdio server is started from: its program, the scripts among its arguments, `files`, its package. */
export async function listProgramFiles(
  loaded: LoadedConfig,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ProbeTarget['files']> {
  const listed: ProbeTarget['files'][number][] = [];
  for (const [server, config] of Object.entries(loaded.manifest.servers)) {
    if ('url' in config) continue;
    const paths =
      'package' in config
        ? await listPackage(config.package, loaded)
        : await listCommand(config, loaded.folder, environment);
    listed.push({ server, paths });
  }
  return listed;
}

async function listPackage(spec: string, loaded: LoadedConfig): Promise<readonly string[]> {
  const serversFolder = join(dataFolder(loaded), 'servers');
  const places = { serversFolder, projectFolders: foldersAbove(loaded.folder) };
  const found = await findPackage(parsePackageSpec(spec), places).catch(() => undefined);
  return found === undefined ? [serversFolder] : [found.folder, found.recordFile];
}

async function listCommand(
  config: Extract<ServerConfig, { command: string }>,
  folder: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<readonly string[]> {
  const { command, files = [] } = config;
  const cwd = resolve(folder, config.cwd ?? '.');
  const launched = await launchCommand({ command, args: [], env: {}, folder, environment }).catch(() => undefined);
  const named = config.args.filter((argument) => !argument.startsWith('-')).map((argument) => resolve(cwd, argument));
  const there = await Promise.all(named.map((path) => stat(path).catch(() => undefined)));
  const existing = named.filter((_path, i) => there[i]?.isFile() === true);
  // Of an interpreter's arguments the first is its program; the others may be what the program works on.
  const scripts = existing.filter((path) => path === named[0] || PROGRAM.test(path));
  return [
    ...(launched === undefined ? [] : [launched.command]),
    ...scripts,
    ...files.map((file) => resolve(folder, file)),
  ];
}
