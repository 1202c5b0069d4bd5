import { join } from 'node:path';
import type { McpReach } from '../adapters/tools/mcp/connect.ts';
import { createMcpSource, type McpSource } from '../adapters/tools/mcp/create-mcp-source.ts';
import { launchCommand } from '../adapters/tools/mcp/launch/launch-command.ts';
import { launchPackage } from '../adapters/tools/mcp/launch/launch-package.ts';
import type { Clock } from '../base/clock.ts';
import type { Digest } from '../base/digest.ts';
import { revealText, Secret } from '../base/secret.ts';
import { BUILTIN_SERVER } from '../model/builtin.ts';
import type { Manifest, ServerConfig } from '../model/manifest.ts';
import type { HeldSecrets } from '../scan/held-secrets.ts';
import type { LoadedConfig } from './config/load-config.ts';
import { resolveSecrets, type ServerSecrets } from './config/resolve-secrets.ts';
import { encloseServer } from './enclose-server.ts';
import type { Notify } from './notice.ts';
import { openBuiltin, type Within } from './open-builtin.ts';
import { Sandboxes } from './sandboxes.ts';
import { SecretMask } from './secret-mask.ts';

export interface SourceOptions {
  readonly loaded: LoadedConfig;
  /** Absolute path of the data folder. */
  readonly data: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly notify: Notify;
  /** Told of every secret that is read. */
  readonly held?: HeldSecrets;
  /** Takes secrets out of everything that servers say; told of every secret that is read. */
  readonly mask?: SecretMask;
  /** The gateway that built-in tools belong to; absent where tools are only listed. */
  readonly within?: () => Within;
}

/** What of a manifest makes a source what it is: while it is the same, the source goes on. */
export function settingOf({ servers, builtin, profiles }: Manifest, server: string): unknown {
  const config = servers[server];
  const walled = config !== undefined && 'profile' in config && config.profile !== undefined;
  return server === BUILTIN_SERVER ? { builtin, profiles } : walled ? { config, profiles } : config;
}

/** Folders in which a package counts as installed, besides the gateway's own: where the manifest is, and upwards. */
export function foldersAbove(folder: string): readonly string[] {
  const above = [folder];
  for (let at = folder; join(at, '..') !== at; ) {
    at = join(at, '..');
    above.push(at);
  }
  return above;
}

/** A source for every configured server, by its id. None is started yet. Throws a `ConfigFault` for a missing secret. */
export async function openSources(options: SourceOptions): Promise<ReadonlyMap<string, McpSource>> {
  const { loaded, notify } = options;
  const secrets = await resolveSecrets(loaded, options.environment);
  for (const { place, message } of secrets.warnings)
    notify({ kind: 'warning', message: `${place.file}:${place.line}: ${message}` });
  const sources = new Map<string, McpSource>();
  const sandboxes = new Sandboxes({ ...options, image: loaded.manifest.builtin.image });
  const kept = [...secrets.servers.values()]
    .flatMap(({ env, headers }) => [...Object.values(env), ...Object.values(headers)])
    .filter((value) => value instanceof Secret);
  const mask = options.mask ?? new SecretMask();
  mask.add(kept);
  options.held?.add(kept);
  for (const [server, config] of Object.entries(loaded.manifest.servers)) {
    const given = secrets.servers.get(server) ?? { env: {}, headers: {} };
    const source = createMcpSource({
      server,
      reach: enclose(reachOf(config, given, options), config, loaded, sandboxes),
      mask: mask.take,
      onStderr: (line) => notify({ kind: 'server-log', server, message: line }),
      onDropped: ({ name, why }) => notify({ kind: 'warning', message: `\`${server}/${name}\` is left out: ${why}` }),
    });
    sources.set(server, source);
  }
  if (loaded.manifest.builtin.code !== undefined || loaded.manifest.builtin.files !== 'none')
    sources.set(BUILTIN_SERVER, openBuiltin({ ...options, sandboxes }));
  return sources;
}

function enclose(reach: McpReach, config: ServerConfig, loaded: LoadedConfig, sandboxes: Sandboxes): McpReach {
  if (reach.kind !== 'stdio' || 'url' in config) return reach;
  const { manifest, folder } = loaded;
  return {
    kind: 'stdio',
    launch: async () => encloseServer(await reach.launch(), config, manifest.profiles, folder, sandboxes),
  };
}

function reachOf(config: ServerConfig, given: ServerSecrets, options: SourceOptions): McpReach {
  const { loaded, data, environment, clock } = options;
  const { folder } = loaded;
  if ('url' in config) {
    const headers = Object.fromEntries(Object.entries(given.headers).map(([name, value]) => [name, revealText(value)]));
    return { kind: 'http', url: new URL(config.url), headers };
  }
  const common = {
    args: config.args,
    env: given.env,
    folder,
    environment,
    ...(config.cwd === undefined ? {} : { cwd: config.cwd }),
  };
  if ('package' in config) {
    return {
      kind: 'stdio',
      launch: () =>
        launchPackage({
          ...common,
          package: config.package,
          integrity: config.integrity,
          serversFolder: join(data, 'servers'),
          projectFolders: foldersAbove(folder),
          clock,
          ...(config.digest === undefined ? {} : { digest: config.digest as Digest }), // its schema admits nothing else
          ...(config.bin === undefined ? {} : { bin: config.bin }),
        }),
    };
  }
  return {
    kind: 'stdio',
    launch: () =>
      launchCommand({
        ...common,
        command: config.command,
        ...(config.files === undefined ? {} : { files: config.files }),
        ...(config.digest === undefined ? {} : { digest: config.digest as Digest }), // its schema admits nothing else
      }),
  };
}

/** Ends servers, whatever any of them makes of it. */
export async function closeSources(sources: readonly McpSource[]): Promise<void> {
  await Promise.allSettled(sources.map((source) => source.tools.close()));
}
