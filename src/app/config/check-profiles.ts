import { isJsonObject, type JsonObject } from '../../base/json.ts';
import { findContradictions } from '../../model/find-contradictions.ts';
import { findProfile, type ProfileConfig, profileSchema, readyProfiles } from '../../model/profile.ts';
import { entriesOf } from './check-servers.ts';
import type { Report } from './report.ts';
import { didYouMean } from './suggest.ts';

/** Profiles that contradict themselves, or ask of a tier what it does not have; and names of profiles that nobody described. */
export function checkProfiles(manifest: JsonObject, report: Report): void {
  const profiles: Record<string, ProfileConfig> = {};
  for (const [name, value] of entriesOf(manifest['profiles'])) {
    const parsed = profileSchema.safeParse(value);
    if (parsed.success) profiles[name] = parsed.data; // what is wrong with others, the schema says
  }
  for (const name of Object.keys(profiles)) {
    const profile = findProfile(profiles, name);
    if (profile === undefined) continue;
    for (const { key, message } of findContradictions(profile)) {
      const written = profiles[name]?.[key] !== undefined;
      report(['profiles', name, ...(written ? [key] : [])], 'error', message);
    }
  }
  const known = new Set([...Object.keys(readyProfiles), ...entriesOf(manifest['profiles']).map(([name]) => name)]);
  for (const [server, config] of entriesOf(manifest['servers'])) {
    if (!isJsonObject(config)) continue;
    const path = ['servers', server, 'profile'];
    if (typeof config['profile'] !== 'string') {
      if (config['folders'] !== undefined)
        report(['servers', server, 'folders'], 'error', 'without a `profile` a server sees every folder; give it one');
      continue;
    }
    requireProfile(config['profile'], known, path, report);
    const tier = findProfile(profiles, config['profile'])?.tier;
    if (tier !== undefined && tier !== 'process')
      report(path, 'error', `servers run in tier \`process\`, and this profile is of tier \`${tier}\``);
  }
  const { code } = isJsonObject(manifest['builtin']) ? manifest['builtin'] : {};
  for (const [language, profile] of entriesOf(code)) {
    if (typeof profile !== 'string') continue;
    const path = ['builtin', 'code', language];
    requireProfile(profile, known, path, report);
    if (findProfile(profiles, profile)?.store !== undefined && readEffect(manifest) === 'read')
      report(
        ['tools', CODE_RUN, 'effect'],
        'error',
        `code in profile \`${profile}\` leaves files behind; it is \`write\``,
      );
    const isWasm = findProfile(profiles, profile)?.tier === 'wasm';
    if (isWasm && language !== 'js' && language !== 'wasm')
      report(path, 'error', 'tier `wasm` runs JavaScript and WASI modules; use a profile of tier `process`');
    if (!isWasm && language === 'wasm' && known.has(profile))
      report(path, 'error', 'WASI modules run in tier `wasm` alone; use a profile of it, such as `snippet`');
  }
}

const CODE_RUN = 'builtin/code.run';

function readEffect({ tools }: JsonObject): unknown {
  const declared = isJsonObject(tools) ? tools[CODE_RUN] : undefined;
  return isJsonObject(declared) ? declared['effect'] : undefined;
}

function requireProfile(name: string, known: ReadonlySet<string>, path: string[], report: Report): void {
  if (known.has(name)) return;
  report(path, 'error', `there is no profile \`${name.slice(0, 80)}\`${didYouMean(name, known)}`);
}
