import { assert } from '../../base/assert.ts';
import { isJsonObject, type JsonValue } from '../../base/json.ts';
import { BUILTIN_SERVER } from '../../model/builtin.ts';
import { type Manifest, manifestSchema, type PlaceOf } from '../../model/manifest.ts';
import { printPlace } from '../../model/place.ts';
import { checkApprovals } from './check-approvals.ts';
import { checkCopies } from './check-copies.ts';
import { checkCredentials } from './check-credentials.ts';
import { checkFailures } from './check-failures.ts';
import { checkFlow } from './check-flow.ts';
import { checkProfiles } from './check-profiles.ts';
import { checkReferences } from './check-references.ts';
import { checkServers } from './check-servers.ts';
import { checkTelemetry } from './check-telemetry.ts';
import { type ConfigProblem, refuseErrors } from './config-problem.ts';
import { explainIssues } from './explain-issues.ts';
import { freezeManifest } from './freeze-manifest.ts';
import { locate } from './locate.ts';
import { readYaml } from './read-yaml.ts';
import type { Report } from './report.ts';

export interface ParsedConfig {
  /** What the text says, before anything is added to it. */
  readonly written: JsonValue;
  readonly manifest: Manifest;
  readonly place: PlaceOf;
  readonly warnings: readonly ConfigProblem[];
}

export interface ParseOptions {
  /** Servers that the host application provides itself, so that tools may name them. */
  readonly hostServers?: readonly string[];
}

/**
 * Parses the text of a `chaperone.yaml` (JSON is YAML). Throws a `ConfigFault` that lists everything wrong with it,
 * each with `file:line:column`. Reads nothing but its arguments.
 */
export function parseConfig(text: string, file: string, options: ParseOptions = {}): ParsedConfig {
  const yaml = readYaml(text, file);
  const problems = [...yaml.problems];
  const place: PlaceOf = (path) => yaml.placeAt(locate(yaml.root, path).spot.keyAt);
  if (!yaml.readable) refuseErrors(problems);

  const parsed = manifestSchema.safeParse(yaml.value);
  if (!parsed.success) {
    // A value that could not be read is not also of the wrong type.
    const unread = new Set(yaml.problems.map((problem) => printPlace(problem.place)));
    const objections = explainIssues(parsed.error.issues, yaml);
    problems.push(...objections.filter((problem) => !unread.has(printPlace(problem.place))));
  }
  if (isJsonObject(yaml.value)) {
    const report: Report = (path, severity, message, where = 'key') => {
      const { spot } = locate(yaml.root, path);
      problems.push({ place: yaml.placeAt(where === 'key' ? spot.keyAt : spot.valueAt), severity, message });
    };
    checkServers(yaml.value, report);
    checkTelemetry(yaml.value, report);
    checkCopies(yaml.value, report);
    checkCredentials(yaml.value, report);
    checkApprovals(yaml.value, report);
    const ownServers = [BUILTIN_SERVER, ...(options.hostServers ?? [])];
    checkReferences(yaml.value, ownServers, report);
    checkFailures(yaml.value, ownServers, report);
    checkProfiles(yaml.value, report);
    checkFlow(yaml.value, ownServers, report);
  }
  const warnings = refuseErrors(problems);
  assert(parsed.success, 'what the schema refuses is reported as an error');
  return { written: yaml.value, manifest: freezeManifest(parsed.data), place, warnings };
}
