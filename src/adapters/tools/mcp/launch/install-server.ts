import { execFile } from 'node:child_process';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Clock, newId } from '../../../../base/clock.ts';
import type { Digest } from '../../../../base/digest.ts';
import { Fault, toFault } from '../../../../base/fault.ts';
import { limits } from '../../../../base/limits.ts';
import { digestOwnFolder, ownRecordFile, readLock, requireIntegrity } from './find-package.ts';
import { folderNameOf, type PackageSpec, parsePackageSpec } from './package-spec.ts';
import { writePinRecord } from './pin-record.ts';
import type { Environment } from './server-environment.ts';

export interface InstallOptions {
  /** `name@1.2.3`. */
  readonly package: string;
  /** What the manifest declares. Left out only when a person installs a package to review and pin it. */
  readonly integrity?: string;
  /** Of the installed files, where the manifest declares it. */
  readonly digest?: Digest;
  /** `<data>/servers`, absolute. */
  readonly serversFolder: string;
  /** An archive to install from instead of the registry: an absolute path. */
  readonly archive?: string;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

export interface Installed {
  readonly package: string;
  readonly integrity: string;
  readonly digest: Digest;
  readonly folder: string;
}

/**
 * Installs exactly one version of a package, with its dependencies, into a folder of its own, and records what the
 * files are. No script of any package runs. The only step of a server's life that uses the network. A `Fault`
 * E_SERVER_INTEGRITY if the registry's package is not the declared one, E_SERVER_LAUNCH if npm fails; then nothing
 * is left behind and what was installed before stays.
 */
export async function installServer(options: InstallOptions): Promise<Installed> {
  const spec = parsePackageSpec(options.package);
  const folder = join(options.serversFolder, folderNameOf(spec));
  const temporary = join(options.serversFolder, newId(options.clock, 'installing'));
  try {
    await mkdir(temporary, { recursive: true, mode: 0o700 });
    await writeFile(join(temporary, 'package.json'), '{ "private": true }\n');
    await runNpm(spec, temporary, options);
    const integrity = await checkLock(spec, temporary, options.integrity);
    const digest = await digestOwnFolder(temporary, spec);
    if (options.digest !== undefined && digest !== options.digest) {
      throw new Fault(
        'E_SERVER_INTEGRITY',
        `the files of ${options.package} and its dependencies are not the declared ones: expected ${options.digest}, found ${digest}`,
      );
    }
    // Should it end between these two, the old record does not fit the new files, and the server is not started.
    await replaceFolder(temporary, folder, join(options.serversFolder, newId(options.clock, 'replaced')));
    await writePinRecord(
      ownRecordFile(spec, options.serversFolder),
      { format: 'chaperone.pin/1', package: options.package, integrity, tree: digest, atMs: options.clock.nowMs() },
      options.clock,
    );
    return { package: options.package, integrity, digest, folder };
  } catch (error) {
    throw toFault(
      error,
      'E_SERVER_LAUNCH',
      `${options.package} could not be installed: \`${options.serversFolder}\` cannot be written`,
    );
  } finally {
    // What cannot be removed is never started; the error that matters is the one above.
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
  }
}

const run = promisify(execFile);

const FLAGS = [
  '--ignore-scripts',
  '--no-audit',
  '--no-fund',
  '--no-update-notifier',
  '--no-bin-links',
  '--omit=dev',
  '--save-exact',
  '--package-lock=true',
  '--global=false',
  '--loglevel=error',
];

async function runNpm(spec: PackageSpec, cwd: string, options: InstallOptions): Promise<void> {
  const source =
    options.archive === undefined ? `${spec.name}@${spec.version}` : `${spec.name}@file:${options.archive}`;
  try {
    await run('npm', ['install', ...FLAGS, '--', source], {
      cwd,
      env: npmEnvironment(options.environment),
      timeout: limits.installTimeoutMs,
      ...(options.signal ? { signal: options.signal } : {}),
      shell: process.platform === 'win32', // npm is a script there
    });
  } catch (error) {
    const code = /\bnpm (?:error|ERR!) code (E[A-Z0-9]+)/.exec(
      String((error as { stderr?: unknown }).stderr ?? ''),
    )?.[1];
    if (code === 'EINTEGRITY') {
      throw new Fault('E_SERVER_INTEGRITY', `an archive npm fetched for ${options.package} is damaged`, {
        cause: error,
      });
    }
    const why =
      (error as NodeJS.ErrnoException).code === 'ENOENT'
        ? 'npm is not in PATH'
        : `npm failed${code ? ` with ${code}` : ''}`;
    throw toFault(error, 'E_SERVER_LAUNCH', `${options.package} could not be installed: ${why}`);
  }
}

/** npm needs its own settings and the way to the network; of the rest it gets what a server gets. */
function npmEnvironment(environment: Environment): Record<string, string> {
  const wanted =
    /^(PATH|HOME|LANG|TMPDIR|TEMP|TMP|SYSTEMROOT|PATHEXT|USERPROFILE|APPDATA|LOCALAPPDATA|COMSPEC|(HTTPS?|NO|ALL)_PROXY|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|NPM_CONFIG_.*)$/i;
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && wanted.test(name)) kept[name] = value;
  }
  return kept;
}

/** Compares with the registry's integrity as npm wrote it down, and refuses dependencies that have none. */
async function checkLock(spec: PackageSpec, folder: string, declared: string | undefined): Promise<string> {
  const lock = (await readLock(folder)) ?? {};
  for (const [path, entry] of Object.entries(lock)) {
    if (path === '' || entry.inBundle === true || entry.integrity !== undefined) continue;
    throw new Fault(
      'E_SERVER_INTEGRITY',
      `the dependency \`${path}\` of ${spec.name} has no integrity: it is a link or comes from a repository`,
    );
  }
  const found = lock[`node_modules/${spec.name}`];
  if (found?.version !== spec.version || found.integrity === undefined) {
    throw new Fault('E_SERVER_INTEGRITY', `what was installed is not ${spec.name}@${spec.version}`);
  }
  if (declared !== undefined) requireIntegrity(spec, declared, found.integrity);
  return found.integrity;
}

async function replaceFolder(from: string, to: string, aside: string): Promise<void> {
  await rename(to, aside).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rename(from, to);
  await rm(aside, { recursive: true, force: true });
}
