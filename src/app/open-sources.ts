import { join, resolve } from 'node:path';
import type { McpReach } from '../adapters/tools/mcp/connect.ts';
import { createMcpSource, type McpSource } from '../adapters/tools/mcp/create-mcp-source.ts';
import { launchCommand } from '../adapters/tools/mcp/launch/launch-command.ts';
import { launchPackage } from '../adapters/tools/mcp/launch/launch-package.ts';
import type { StdioServerParameters } from '../adapters/tools/mcp/stdio-wire.ts';
import type { Clock } from '../base/clock.ts';
import type { Digest } from '../base/digest.ts';
import { revealText, Secret } from '../base/secret.ts';
import { BUILTIN_SERVER } from '../model/builtin.ts';
import type { Manifest, ServerConfig } from '../model/manifest.ts';
import type { EscapeAttempt } from '../ports/sandbox.ts';
import type { HeldSecrets } from '../scan/held-secrets.ts';
import type { LoadedConfig } from './config/load-config.ts';
import { resolveSecrets, type ServerSecrets, type ServerValue } from './config/resolve-secrets.ts';
import type { Leasing } from './credentials/leasing.ts';
import { ServerLoan } from './credentials/lend-to-server.ts';
import { openLeasing } from './credentials/open-leasing.ts';
import { encloseServer } from './enclose-server.ts';
import type { Notify } from './notice.ts';
import { openBuiltin, type Within } from './open-builtin.ts';
import { recordAttemptsOfServer } from './record-attempts.ts';
import { Sandboxes, type SharedWalls } from './sandboxes.ts';
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
  /** What servers are lent comes from here; where not given, from the data folder, and nothing is recorded. */
  readonly leasing?: Leasing;
  /** The gateway that built-in tools belong to; absent where tools are only listed. */
  readonly within?: () => Within;
}

/** What of a manifest makes a source what it is: while it is the same, the source goes on. */
export function settingOf({ servers, builtin, profiles, credentials }: Manifest, server: string): unknown {
  if (server === BUILTIN_SERVER) return { builtin, profiles };
  const config = servers[server];
  const walled = config !== undefined && 'profile' in config && config.profile !== undefined;
  const lent = config !== undefined && isLent(config);
  return walled || lent ? { config, ...(walled ? { profiles } : {}), ...(lent ? { credentials } : {}) } : config;
}

/** Whether a server is lent a credential. */
function isLent(config: ServerConfig): boolean {
  const values = Object.values('url' in config ? config.headers : config.env);
  return values.some((value) => typeof value !== 'string' && value.secret.startsWith('cred:'));
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
  const { image, kernel } = loaded.manifest.builtin;
  const sandboxes = new Sandboxes({ ...options, image, kernel: kernel && resolve(loaded.folder, kernel) });
  const kept = [...secrets.servers.values()]
    .flatMap(({ env, headers }) => [...Object.values(env), ...Object.values(headers)])
    .filter((value) => value instanceof Secret);
  const mask = options.mask ?? new SecretMask();
  mask.add(kept);
  options.held?.add(kept);
  const leasing = options.leasing ?? openLeasing({ ...options, mask });
  const known = leasing.open(loaded.manifest, loaded.folder);
  const lend = (server: string) => new ServerLoan(leasing, known, loaded.manifest.tenant, server);
  for (const [server, config] of Object.entries(loaded.manifest.servers)) {
    const given = secrets.servers.get(server) ?? { env: {}, headers: {} };
    const walls = sandboxes.share();
    const source = createMcpSource({
      server,
      reach: enclose(
        server,
        reachOf(config, given, () => lend(server), options),
        config,
        options,
        walls,
      ),
      mask: mask.take,
      onStderr: (line) => notify({ kind: 'server-log', server, message: line }),
      onDropped: ({ name, why }) => notify({ kind: 'warning', message: `\`${server}/${name}\` is left out: ${why}` }),
    });
    sources.set(
      server,
      closing(source, () => walls.close()),
    );
  }
  if (loaded.manifest.builtin.code !== undefined || loaded.manifest.builtin.files !== 'none')
    sources.set(BUILTIN_SERVER, openBuiltin({ ...options, sandboxes: sandboxes.share() }));
  return sources;
}

/** A source that lets go of something when it has ended. */
function closing({ tools, upstream }: McpSource, letGo: () => Promise<void>): McpSource {
  const close = () => tools.close().finally(letGo);
  return { tools: { ...tools, close }, upstream };
}

function enclose(
  server: string,
  reach: McpReach,
  config: ServerConfig,
  { loaded, within, notify }: SourceOptions,
  sandboxes: SharedWalls,
): McpReach {
  if (reach.kind !== 'stdio' || 'url' in config) return reach;
  const { manifest, folder } = loaded;
  const openDoor = within && ((hosts: readonly string[]) => within().egress.openForServer(server, hosts));
  const onAttempts = async (attempts: readonly EscapeAttempt[]) => {
    if (within !== undefined) await recordAttemptsOfServer(within().world, notify, manifest.tenant, server, attempts);
  };
  return {
    kind: 'stdio',
    launch: async () => {
      const launched = await reach.launch();
      const { stale, release: giveBack } = launched;
      try {
        const { profiles } = manifest;
        const enclosed = await encloseServer(launched, config, profiles, folder, sandboxes, openDoor, onAttempts);
        if (enclosed === launched) return launched;
        const { release: takeDown } = enclosed;
        const release = async (exitCode?: number) => {
          await giveBack?.();
          await takeDown?.(exitCode);
        };
        return { ...enclosed, ...(stale === undefined ? {} : { stale }), release };
      } catch (error) {
        await giveBack?.();
        throw error;
      }
    },
  };
}

/** Leases what the program is lent before it starts, until it has ended. */
async function launchLent(
  loan: ServerLoan,
  given: ServerSecrets,
  launch: (env: Readonly<Record<string, string | Secret>>) => Promise<StdioServerParameters>,
): Promise<StdioServerParameters> {
  try {
    const launched = await launch(await loan.fill(given.env));
    loan.watch();
    return { ...launched, stale: loan.stale, release: async () => loan.end() };
  } catch (error) {
    loan.end();
    throw error;
  }
}

function reachOf(config: ServerConfig, given: ServerSecrets, lend: () => ServerLoan, options: SourceOptions): McpReach {
  const { loaded, data, environment, clock } = options;
  const { folder } = loaded;
  if ('url' in config) {
    const reveal = (values: Readonly<Record<string, string | Secret>>) =>
      Object.fromEntries(Object.entries(values).map(([name, value]) => [name, revealText(value)]));
    const entries = Object.entries(given.headers);
    const isOwn = ([, value]: readonly [string, ServerValue]) => typeof value === 'string' || value instanceof Secret;
    const own = Object.fromEntries(entries.filter(isOwn)) as Record<string, string | Secret>; // as `isOwn` says
    const lent = Object.fromEntries(entries.filter((entry) => !isOwn(entry)));
    const to = { kind: 'http', url: new URL(config.url), headers: reveal(own) } as const;
    if (Object.keys(lent).length === 0) return to;
    return {
      ...to,
      lend: () => {
        const loan = lend();
        return { read: async () => reveal(await loan.fill(lent)), end: () => loan.end() };
      },
    };
  }
  const common = {
    args: config.args,
    folder,
    environment,
    ...(config.cwd === undefined ? {} : { cwd: config.cwd }),
  };
  if ('package' in config) {
    return {
      kind: 'stdio',
      launch: () =>
        launchLent(lend(), given, (env) =>
          launchPackage({
            ...common,
            env,
            package: config.package,
            integrity: config.integrity,
            serversFolder: join(data, 'servers'),
            projectFolders: foldersAbove(folder),
            clock,
            ...(config.digest === undefined ? {} : { digest: config.digest as Digest }), // its schema admits nothing else
            ...(config.bin === undefined ? {} : { bin: config.bin }),
          }),
        ),
    };
  }
  return {
    kind: 'stdio',
    launch: () =>
      launchLent(lend(), given, (env) =>
        launchCommand({
          ...common,
          env,
          command: config.command,
          ...(config.files === undefined ? {} : { files: config.files }),
          ...(config.digest === undefined ? {} : { digest: config.digest as Digest }), // its schema admits nothing else
        }),
      ),
  };
}

/** Ends servers, whatever any of them makes of it. */
export async function closeSources(sources: readonly McpSource[]): Promise<void> {
  await Promise.allSettled(sources.map((source) => source.tools.close()));
}
