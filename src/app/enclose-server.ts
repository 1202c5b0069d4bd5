import { realpath } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import type { StdioServerParameters } from '../adapters/tools/mcp/stdio-wire.ts';
import { Fault } from '../base/fault.ts';
import type { ServerConfig } from '../model/manifest.ts';
import { findProfile, type ProfileConfig } from '../model/profile.ts';
import type { ServerToEnclose } from '../ports/sandbox.ts';
import type { WayOut } from './egress/open-egress.ts';
import type { SharedWalls } from './sandboxes.ts';

type StdioConfig = Exclude<ServerConfig, { readonly url: string }>;

/**
 * The same launch within the walls of the server's profile, where it has one. The server sees its own files, what its
 * `folders` name and the system's programs, and reaches what the egress door lets it, where its profile says so. Rejects with a `Fault`: a server that has a profile never starts without.
 */
export async function encloseServer(
  launch: StdioServerParameters,
  config: StdioConfig,
  profiles: Readonly<Record<string, ProfileConfig>>,
  folder: string,
  sandboxes: SharedWalls,
  openDoor: ((hosts: readonly string[]) => Promise<WayOut>) | undefined,
  onAttempts: ServerToEnclose['onAttempts'],
): Promise<StdioServerParameters> {
  if (config.profile === undefined) return launch;
  const profile = findProfile(profiles, config.profile);
  const walls = profile && sandboxes.of(profile.tier);
  if (profile === undefined || walls?.enclose === undefined) {
    throw new Fault(
      'E_SANDBOX_UNAVAILABLE',
      `no sandbox of this host takes a server with profile \`${config.profile}\``,
    );
  }
  const { read = [], write = [] } = config.folders ?? {};
  const cwd = launch.cwd ?? folder;
  const command = await realpath(launch.command); // by its own name: links to it are not there inside
  const own =
    'package' in config
      ? [packagesOf(launch.args[0] ?? '')]
      : (config.files ?? []).map((file) => resolve(folder, file));
  const readable = await Promise.all(
    [command, ...own, ...read.map((path) => resolve(folder, path))].filter(isAbsolute).map((path) => realpath(path)),
  );
  const writable = await Promise.all(write.map((path) => realpath(resolve(folder, path))));
  const way = profile.network === 'door' ? await openDoor?.(profile.hosts) : undefined;
  try {
    const { release, ...enclosed } = await walls.enclose({
      ...launch,
      command,
      cwd,
      profile,
      readable: [...new Set(readable)],
      writable,
      onAttempts,
      ...(way === undefined ? {} : { egressSocket: way.socket, elsewhere: way.attempts }),
      ...(way?.trustFile === undefined ? {} : { trustFile: way.trustFile }),
    });
    return {
      ...enclosed,
      release: async (exitCode) => {
        await way?.close();
        await release(exitCode);
      },
    };
  } catch (error) {
    await way?.close();
    throw error;
  }
}

/** The outermost folder of packages that a program lies in: what it depends on is beside it. */
function packagesOf(program: string): string {
  const outermost = /^(.*?\/node_modules)\//.exec(program)?.[1];
  return outermost ?? dirname(program);
}
