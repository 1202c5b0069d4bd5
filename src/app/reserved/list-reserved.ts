import { dirname, isAbsolute, resolve, sep } from 'node:path';
import type { Manifest, ServerConfig } from '../../model/manifest.ts';
import { configPath, FORMER_FOLDER, ownFolder, type PlacedConfig } from '../data-folder.ts';
import { placeLedger } from '../ledger/start-ledger.ts';
import { createPathResolver, foldPath } from './real-paths.ts';

/** A file or folder that is the gateway's own, and everything in it. */
export interface ReservedPlace {
  /** Real, and folded for comparison. */
  readonly path: string;
  /** For people: `the data folder`. */
  readonly what: string;
  /** Whether even reading it gives something away. Rules may be read, never written. */
  readonly secret: boolean;
}

/** More than any configuration names; a bound only so that a circle of links ends. */
const LOOKS = 100_000;

/** Everything of this configuration that no tool it governs may touch. `data` is where its data lies. */
export function listReserved(config: PlacedConfig, data: string): readonly ReservedPlace[] {
  const { manifest, folder } = config;
  const realPath = createPathResolver(LOOKS);
  const place = (what: string, path: string, secret: boolean): ReservedPlace => ({
    path: foldPath(realPath(resolve(folder, path)).path),
    what,
    secret,
  });
  const { tls } = manifest.listen;
  const ledger = placeLedger(config);
  return [
    place('the data folder', data, true),
    // Whoever can make these makes the data of the next start, or what `init --undo` puts back.
    place('the data folder', ownFolder(configPath(config)), true),
    place('the data folder', FORMER_FOLDER, true),
    place('the keys of the ledger', ledger.keys, true),
    ...(ledger.signer === undefined ? [] : [place('the signer of the ledger', roomOf(ledger.signer, folder), true)]),
    ...listSecretFiles(manifest).map((file) => place('the file of a secret', file, true)),
    ...(tls === undefined ? [] : [place('the key of the gateway’s certificate', tls.key, true)]),
    // What this process was started with, and has open.
    ...(process.platform === 'linux' ? [place('the gateway’s own process', `/proc/${process.pid}`, true)] : []),
    place('the ledger', ledger.folder, false),
    place('the configuration', configPath(config), false),
    ...manifest.policies.map((file) => place('a policy', file, false)),
  ];
}

/**
 * The folder of a socket, where nothing else of the configuration lies in it: a socket that is made anew while somebody cannot
 * see the old one could be seen then.
 */
function roomOf(socket: string, folder: string): string {
  const room = dirname(socket);
  return liesIn(resolve(folder), room) ? socket : room;
}

/** The files that hold secrets, as the manifest writes them. */
export function listSecretFiles({ servers, planner, ledger, telemetry }: Manifest): readonly string[] {
  const given = Object.values(servers).flatMap((config) =>
    Object.values('url' in config ? config.headers : config.env),
  );
  const { sinks, metrics } = telemetry;
  const told = [...Object.values(sinks), ...(metrics === undefined ? [] : [metrics])];
  const others = [
    planner?.key,
    ...Object.values(ledger.copies).flatMap((copy) => [copy.accessKeyId, copy.secretAccessKey, copy.sessionToken]),
    ...told.flatMap((sink) => Object.values(sink.headers)),
    ...Object.values(sinks).map(({ secret }) => secret),
  ];
  return [...given, ...others].flatMap((value) =>
    value !== undefined && typeof value !== 'string' && value.secret.startsWith('file:')
      ? [value.secret.slice('file:'.length)]
      : [],
  );
}

/** Folders from which a server reads a relative path: the one it runs in, and those it is given to work on. */
export function listBases(config: ServerConfig, folder: string): readonly string[] {
  if ('url' in config) return [];
  const cwd = resolve(folder, config.cwd ?? '.');
  const realPath = createPathResolver(LOOKS);
  const named = config.args
    .map((argument) => /^--?[\w-]+=(.+)$/s.exec(argument)?.[1] ?? argument)
    .filter((argument) => isAbsolute(argument) || !argument.startsWith('-'))
    .map((argument) => resolve(cwd, argument))
    .filter((path) => realPath(path).stats?.isDirectory() === true);
  return [...new Set([cwd, ...named])];
}

/** What of the gateway's own lies where a server was told to work, with what to do about it: for people. */
export function listExposed(config: PlacedConfig, data: string): readonly string[] {
  const realPath = createPathResolver(LOOKS);
  const secrets = listReserved(config, data).filter(
    (place) => place.secret && realPath(place.path).stats !== undefined,
  );
  const found = new Set<string>();
  for (const [server, settings] of Object.entries(config.manifest.servers)) {
    for (const base of listBases(settings, config.folder)) {
      const real = foldPath(realPath(base).path);
      for (const { path, what } of secrets) {
        if (path.startsWith('/proc/') || path === real || !liesIn(path, real)) continue;
        found.add(
          `\`${server}\` works in ${base}, where ${what} lies (${path}): ${adviceFor(what, path, base)}; arguments that name it are refused, and the program itself can read it`,
        );
      }
    }
  }
  return [...found];
}

function adviceFor(what: string, path: string, base: string): string {
  if (what === 'the data folder') return `set \`data\` to a folder outside of ${base}, or leave it out`;
  return `move ${path} out of ${base}, or give the server another folder in \`cwd\` or its arguments`;
}

/** Whether a path is `folder` or lies beneath it; both real and folded. */
export function liesIn(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);
}
