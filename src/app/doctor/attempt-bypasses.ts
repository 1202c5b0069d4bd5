import { execFile } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { isBelow, OWN_FOLDERS } from '../../adapters/sandboxes/program/write-enclosure.ts';
import { listInstances } from '../../adapters/stores/sqlite/list-instances.ts';
import { toFault } from '../../base/fault.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { configPath, dataFolder } from '../data-folder.ts';
import { listSecretFiles } from '../reserved/list-reserved.ts';
import type { Attempt, ProbeTarget } from './bypass.ts';
import { findUser } from './find-user.ts';
import { listProgramFiles } from './list-program-files.ts';
import { listPrograms } from './list-programs.ts';
import { runWithinWalls } from './run-within-walls.ts';

const PROBE_TIMEOUT_MS = 120_000;
const attemptsSchema = z.array(
  z.object({ name: z.string(), bypassed: z.boolean(), skipped: z.literal(true).optional(), how: z.string() }),
);

/**
 * Attempts every bypass from a process of its own, as `uid` where one is given (that takes root) or else as the user
 * this runs as. With a workspace, from within the walls that `chaperone run` puts around a program there. Throws a `Fault` where the probe itself could not run: that is no proof of anything.
 */
export async function attemptBypasses(
  loaded: LoadedConfig,
  uid: number | undefined,
  environment: Readonly<Record<string, string | undefined>> = process.env,
  workspace?: string,
): Promise<readonly Attempt[]> {
  const data = dataFolder(loaded);
  const servers = Object.entries(loaded.manifest.servers);
  const { tls } = loaded.manifest.listen;
  const target: ProbeTarget = {
    config: configPath(loaded), // `file` is as it was given, which may be from elsewhere
    policies: loaded.manifest.policies.map((file) => resolve(loaded.folder, file)),
    secrets: listSecretFiles(loaded.manifest).map((file) => resolve(loaded.folder, file)),
    store: join(data, 'store.db'),
    keys: join(data, 'keys'),
    own: [process.execPath, fileURLToPath(new URL('../..', import.meta.url))],
    files: await listProgramFiles(loaded, environment),
    ...(tls === undefined ? {} : { certificateKey: resolve(loaded.folder, tls.key) }),
    ...(await listPrograms(loaded, environment)),
    addresses: servers.flatMap(([server, config]) => ('url' in config ? [{ server, url: config.url }] : [])),
    gatewayPids: (await listInstances({ path: join(data, 'store.db') }).catch(() => [])).map(({ pid }) => pid),
    ...(workspace === undefined ? {} : { unseen: await listUnseen(workspace) }),
    ...(uid === undefined ? {} : { user: await findUser(uid) }),
  };
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const probe = fileURLToPath(new URL(`./probe.${extension}`, import.meta.url));
  try {
    const text = JSON.stringify(target);
    const stdout =
      workspace === undefined
        ? await runOutside(probe, text)
        : await runWithinWalls({ loaded, data, workspace, environment, script: probe, argument: text });
    return attemptsSchema.parse(JSON.parse(stdout)) as readonly Attempt[]; // an absent member is absent in JSON
  } catch (error) {
    throw toFault(error, 'E_INTERNAL', `the probe could not run: ${error instanceof Error ? error.message : ''}`);
  }
}

/** The workspace is the host's own, also where a folder of the program's would be. */
async function listUnseen(workspace: string): Promise<readonly string[]> {
  const real = await realpath(workspace);
  return OWN_FOLDERS.filter((folder) => !isBelow(folder, real));
}

async function runOutside(probe: string, target: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [probe, target], {
    timeout: PROBE_TIMEOUT_MS,
    env: { PATH: process.env['PATH'] },
  });
  return stdout;
}
