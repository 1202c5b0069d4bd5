import { limits } from '../base/limits.ts';
import type { Profile, ProfileConfig } from './profile.ts';

/** Two things of a profile that cannot both be meant. `key` is where it is written. */
export interface Contradiction {
  readonly key: keyof ProfileConfig;
  readonly message: string;
}

const LEAST_BYTES = { wasm: 2, process: 8, gvisor: 64, container: 16, microvm: 128 } as const;
const MB = 1_048_576;

/** Everything in a profile that contradicts something else in it, or asks of its tier what that does not have. */
export function findContradictions(profile: Profile): readonly Contradiction[] {
  const { tier, network, hosts, workspace } = profile;
  const found: Contradiction[] = [];
  const say = (key: keyof ProfileConfig, message: string) => found.push({ key, message });

  if (network === 'none' && hosts.length > 0) say('hosts', '`hosts` are named, but `network` is `none`');
  if (profile.spaceBytes > profile.memoryBytes)
    say('space', '`space` is more than `memory`, in which the files it writes are kept');
  if (profile.outputBytes > limits.resultBytes)
    say('output', `\`output\` is more than the ${limits.resultBytes / MB}MB a result may have`);
  if (profile.timeMs === 0) say('time', 'no program ends within no time');
  const least = LEAST_BYTES[tier] * MB;
  if (profile.memoryBytes < least) say('memory', `tier \`${tier}\` does not start with less than ${least / MB}MB`);
  if (tier === 'wasm') {
    if (profile.input !== undefined) say('input', 'tier `wasm` has no folders to read; use `workspace: copy`');
    if (network !== 'none') say('network', 'tier `wasm` has no network: a snippet reaches the world by tools alone');
    if (workspace === 'read') say('workspace', 'tier `wasm` has no folders to read; use `copy`');
    if (profile.memoryBytes > 2_048 * MB) say('memory', 'tier `wasm` has no more than 2GB');
  }
  if (network === 'door' && (tier === 'gvisor' || tier === 'container'))
    say(
      'network',
      `nothing leads out of tier \`${tier}\`; use \`process\` or \`microvm\` for what goes through the door`,
    );
  if (tier === 'microvm' && profile.limits === 'per-process')
    say('limits', 'a machine of its own has a memory of its own: `per-process` means nothing there');
  return found;
}
