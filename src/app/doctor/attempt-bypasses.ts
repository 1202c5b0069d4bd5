import { execFile } from 'node:child_process';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { toFault } from '../../base/fault.ts';
import type { ServerConfig } from '../../model/manifest.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { dataFolder } from '../open-config.ts';
import { readPid } from '../pid-file.ts';
import type { Attempt, ProbeTarget } from './bypass.ts';

const PROBE_TIMEOUT_MS = 120_000;
const attemptsSchema = z.array(z.object({ name: z.string(), bypassed: z.boolean(), how: z.string() }));

/**
 * Attempts every bypass from a process of its own, as `uid` where one is given (that takes root) or else as the user
 * this runs as. Throws a `Fault` where the probe itself could not run: that is no proof of anything.
 */
export async function attemptBypasses(loaded: LoadedConfig, uid: number | undefined): Promise<readonly Attempt[]> {
  const data = dataFolder(loaded);
  const servers = Object.entries(loaded.manifest.servers);
  const target: ProbeTarget = {
    config: join(loaded.folder, basename(loaded.file)), // `file` is as it was given, which may be from elsewhere
    policies: loaded.manifest.policies.map((file) => resolve(loaded.folder, file)),
    secrets: servers.flatMap(([, config]) => secretFiles(config)).map((file) => resolve(loaded.folder, file)),
    store: join(data, 'store.db'),
    keys: join(data, 'keys'),
    programs: servers.flatMap(([server, config]) =>
      'command' in config
        ? [{ server, command: config.command, args: config.args, cwd: resolve(loaded.folder, config.cwd ?? '.') }]
        : [],
    ),
    addresses: servers.flatMap(([server, config]) => ('url' in config ? [{ server, url: config.url }] : [])),
    gatewayPid: await readPid(data),
  };
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const probe = fileURLToPath(new URL(`./probe.${extension}`, import.meta.url));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [probe, JSON.stringify(target)], {
      timeout: PROBE_TIMEOUT_MS,
      env: { PATH: process.env['PATH'] },
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    return attemptsSchema.parse(JSON.parse(stdout));
  } catch (error) {
    throw toFault(error, 'E_INTERNAL', `the probe could not run: ${error instanceof Error ? error.message : ''}`);
  }
}

/** The files that a server's secrets lie in, as the manifest writes them. */
function secretFiles(config: ServerConfig): readonly string[] {
  const given = 'url' in config ? config.headers : config.env;
  return Object.values(given).flatMap((value) =>
    typeof value !== 'string' && value.secret.startsWith('file:') ? [value.secret.slice('file:'.length)] : [],
  );
}
