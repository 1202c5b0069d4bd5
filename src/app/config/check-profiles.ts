import type { JsonObject } from '../../base/json.ts';
import { findContradictions } from '../../model/find-contradictions.ts';
import { findProfile, type ProfileConfig, profileSchema } from '../../model/profile.ts';
import { entriesOf } from './check-servers.ts';
import type { Report } from './report.ts';

/** Profiles that contradict themselves, or ask of a tier what it does not have. */
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
}
