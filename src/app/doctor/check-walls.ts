import { resolve } from 'node:path';
import { systemClock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { findProfile, type SandboxTier } from '../../model/profile.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { Sandboxes } from '../sandboxes.ts';
import type { Check } from './check.ts';

/** Whether this host has the walls that code and servers run in: what their calls would be refused for is said before. */
export async function checkWalls(
  { manifest, folder }: LoadedConfig,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<readonly Check[]> {
  const { image, kernel } = manifest.builtin;
  const walls = new Sandboxes({ clock: systemClock, environment, image, kernel: kernel && resolve(folder, kernel) });
  const share = walls.share();
  const named = [
    ...Object.values(manifest.builtin.code ?? {}),
    ...Object.values(manifest.servers).map((server) => ('profile' in server ? server.profile : undefined)),
  ];
  const tiers = new Set<SandboxTier>();
  for (const name of named) {
    const tier = name === undefined ? undefined : findProfile(manifest.profiles, name)?.tier;
    if (tier !== undefined) tiers.add(tier);
  }
  const checks: Check[] = [];
  for (const tier of tiers) {
    const name = `walls ${tier}`;
    try {
      await share.of(tier).check();
      checks.push({ name, state: 'ok', detail: 'what profiles in use ask for is there' });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      checks.push({ name, state: 'failed', detail: `${error.code}: ${error.message}` });
    }
  }
  await share.close();
  return checks;
}
