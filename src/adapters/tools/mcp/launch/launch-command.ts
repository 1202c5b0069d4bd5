import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import type { Digest } from '../../../../base/digest.ts';
import { Fault, toFault } from '../../../../base/fault.ts';
import type { Secret } from '../../../../base/secret.ts';
import { digestTree } from './digest-tree.ts';
import { type Launch, requireFolder } from './launch.ts';
import { buildEnvironment, type Environment, searchFolders } from './server-environment.ts';

export interface CommandOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | Secret>>;
  /** Absolute. Relative `command` and `files` are relative to it. */
  readonly folder: string;
  readonly cwd?: string;
  /** What the digest covers; the command itself where not given. */
  readonly files?: readonly string[];
  readonly digest?: Digest;
  /** The gateway's own environment, of which a server is given the least it needs. */
  readonly environment: Environment;
}

/**
 * How to start a program of this machine, after checking that the files its digest covers are those that were
 * reviewed. Throws a `Fault` E_SERVER_INTEGRITY if they are not, E_SERVER_LAUNCH if there is nothing to start.
 */
export async function launchCommand(options: CommandOptions): Promise<Launch> {
  const command = await findCommand(options);
  if (options.digest !== undefined) {
    const found = await digestCommand(options);
    if (found !== options.digest) {
      throw new Fault(
        'E_SERVER_INTEGRITY',
        `the files of \`${options.command}\` changed since they were reviewed: expected ${options.digest}, found ${found}`,
      );
    }
  }
  const cwd = resolve(options.folder, options.cwd ?? '.');
  await requireFolder(cwd);
  const env = buildEnvironment(options.env, options.environment, options.digest !== undefined);
  return { command, args: [...options.args], env, cwd };
}

/** The digest to pin a command by. Covers names as they are declared, so that it is the same on every machine. */
export async function digestCommand(
  options: Pick<CommandOptions, 'command' | 'files' | 'folder' | 'environment'>,
): Promise<Digest> {
  const roots =
    options.files === undefined
      ? [{ label: 'command', path: await findCommand(options) }]
      : options.files.map((file) => ({ label: file, path: resolve(options.folder, file) }));
  try {
    return await digestTree(roots);
  } catch (error) {
    throw toFault(
      error,
      'E_SERVER_INTEGRITY',
      `a file that the digest of \`${options.command}\` covers cannot be read`,
    );
  }
}

async function findCommand({
  command,
  folder,
  environment,
}: Pick<CommandOptions, 'command' | 'folder' | 'environment'>): Promise<string> {
  const isPath = isAbsolute(command) || /[\\/]/.test(command);
  const suffixes = process.platform === 'win32' ? ['', '.exe', '.cmd', '.bat'] : [''];
  const places = isPath ? [resolve(folder, command)] : searchFolders(environment).map((place) => join(place, command));
  for (const place of places) {
    for (const suffix of suffixes) {
      const file = place + suffix;
      if (await isExecutable(file)) return file;
    }
  }
  throw new Fault(
    'E_SERVER_LAUNCH',
    isPath ? `\`${command}\` does not exist or may not be executed` : `\`${command}\` is not in any folder of PATH`,
  );
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false; // missing, or not ours to execute: both mean looking on
  }
}
