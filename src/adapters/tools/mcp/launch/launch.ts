import { stat } from 'node:fs/promises';
import { Fault } from '../../../../base/fault.ts';

/** How to start a server whose integrity has been checked. `command` and `cwd` are absolute. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** All of it: nothing is to be added from the gateway's own. Holds revealed secrets, so it is never printed. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** Without this a missing folder shows as a missing program. */
export async function requireFolder(cwd: string): Promise<void> {
  const stats = await stat(cwd).catch(() => undefined);
  if (!stats?.isDirectory())
    throw new Fault('E_SERVER_LAUNCH', `the folder to start it in, \`${cwd}\`, does not exist`);
}
