import type { Clock } from '../../../../base/clock.ts';
import type { Digest } from '../../../../base/digest.ts';
import type { Secret } from '../../../../base/secret.ts';
import type { CommandServer, PackageServer } from '../../../../model/manifest.ts';
import type { PackagePlaces } from './find-package.ts';
import type { Launch } from './launch.ts';
import { launchCommand } from './launch-command.ts';
import { launchPackage } from './launch-package.ts';
import type { Environment } from './server-environment.ts';

export interface LaunchContext extends PackagePlaces {
  /** The folder of the manifest, absolute. */
  readonly folder: string;
  /** The server's declared environment with its secrets resolved. */
  readonly env: Readonly<Record<string, string | Secret>>;
  /** The gateway's own environment. */
  readonly environment: Environment;
  readonly clock: Clock;
}

/** How to start a stdio server of the manifest, its integrity checked; to be asked anew before each start. */
export function launchServer(server: PackageServer | CommandServer, context: LaunchContext): Promise<Launch> {
  const common = {
    ...context,
    args: server.args,
    ...(server.cwd === undefined ? {} : { cwd: server.cwd }),
    // The manifest's parser has checked its form, which the type does not show.
    ...(server.digest === undefined ? {} : { digest: server.digest as Digest }),
  };
  if ('package' in server) {
    const { package: spec, integrity, bin } = server;
    return launchPackage({ ...common, package: spec, integrity, ...(bin === undefined ? {} : { bin }) });
  }
  return launchCommand({
    ...common,
    command: server.command,
    ...(server.files === undefined ? {} : { files: server.files }),
  });
}
