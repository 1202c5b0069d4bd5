import { ProcessSandbox } from '../../adapters/sandboxes/process/open-process-sandbox.ts';
import type { ProgramStart } from '../../adapters/sandboxes/program/start-program.ts';
import { searchFolders } from '../../adapters/tools/mcp/launch/server-environment.ts';
import { systemClock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { findProfile, type Profile } from '../../model/profile.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import type { ProgramBounds } from './bound-program.ts';

/** What holds a program besides the walls that every one has. */
export interface HeldProgram {
  /** Absent where none is named: then the filter of system calls alone holds it. */
  readonly profile?: Profile;
  /** What its own entry says of time and output: those of a ready profile are for code, which does not live on. */
  readonly bounds: ProgramBounds;
  readonly walls: Pick<ProgramStart, 'confinement' | 'readOnly' | 'spaceBytes'>;
  close(): Promise<void>;
}

/**
 * Makes ready what a profile says; where none is named, the filter of system calls, which every program has. Rejects with a `Fault`: E_USAGE, E_SANDBOX_UNAVAILABLE,
 * E_SANDBOX_LIMIT. A program is never held by less than its profile says.
 */
export async function holdProgram(
  { manifest }: LoadedConfig,
  environment: Readonly<Record<string, string | undefined>>,
  name: string | undefined,
): Promise<HeldProgram> {
  const path = searchFolders(environment);
  const open = () => new ProcessSandbox({ clock: systemClock, path, isRoot: process.getuid?.() === 0 });
  if (name === undefined) {
    const sandbox = open();
    return { bounds: {}, walls: { confinement: await sandbox.filter() }, close: () => sandbox.close() };
  }
  const profile = findProfile(manifest.profiles, name);
  if (profile === undefined) throw new Fault('E_USAGE', `there is no profile \`${name}\``);
  const { tier, workspace, spaceBytes } = profile;
  if (tier !== 'process')
    throw new Fault(
      'E_SANDBOX_UNAVAILABLE',
      `programs run in tier \`process\`, and profile \`${name}\` names \`${tier}\``,
    );
  const { time, output } = manifest.profiles[name] ?? {};
  const sandbox = open();
  const confinement = await sandbox.confine(profile);
  return {
    profile,
    bounds: {
      ...(time === undefined ? {} : { timeMs: time }),
      ...(output === undefined ? {} : { outputBytes: output }),
    },
    walls: { confinement, readOnly: workspace === 'read', spaceBytes },
    async close() {
      await confinement.release();
      await sandbox.close();
    },
  };
}
