import { resolve } from 'node:path';
import { toFault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import { revealText, Secret } from '../../base/secret.ts';
import type { Manifest, ServerConfig } from '../../model/manifest.ts';
import type { LentReference, ServerReference } from '../../model/secret-reference.ts';
import { type ConfigProblem, refuseErrors } from './config-problem.ts';
import type { LoadedConfig } from './load-config.ts';
import { decodeText, readFileOnce } from './read-file-once.ts';

/** A credential that a server is lent while it runs. */
export interface LentValue {
  readonly credential: string;
  /** Which of its parts, where it has several. */
  readonly part: string | undefined;
  readonly prefix: string;
}

export type ServerValue = string | Secret | LentValue;

/** What one server is given: its environment, or the headers sent to it. Secrets are wrapped. */
export interface ServerSecrets {
  readonly env: Readonly<Record<string, ServerValue>>;
  readonly headers: Readonly<Record<string, ServerValue>>;
}

export interface ResolvedSecrets {
  /** By server, one entry for each that is configured. */
  readonly servers: ReadonlyMap<string, ServerSecrets>;
  /** Files that others can read. */
  readonly warnings: readonly ConfigProblem[];
}

/**
 * Replaces every `{ secret: … }` of the servers by its value, read from `environment` or a file. Throws a
 * `ConfigFault` that names the place of every reference that leads nowhere, and never a value.
 */
export async function resolveSecrets(
  config: Pick<LoadedConfig, 'manifest' | 'place' | 'folder'>,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ResolvedSecrets> {
  const problems: ConfigProblem[] = [];
  const servers = new Map<string, ServerSecrets>();
  for (const [name, server] of Object.entries(config.manifest.servers)) {
    const resolveGroup = async (
      group: 'env' | 'headers',
      values: Readonly<Record<string, string | ServerReference>>,
    ) => {
      const resolved: Record<string, ServerValue> = Object.create(null);
      for (const [key, value] of Object.entries(values)) {
        const place = config.place(['servers', name, group, key]);
        const report = (severity: ConfigProblem['severity'], message: string): void => {
          problems.push({ place, severity, message });
        };
        const lent = readLent(value);
        if (lent !== undefined) {
          const problem = refuseLent(lent.credential, config.manifest, server);
          if (problem !== undefined) report('error', problem);
          resolved[key] = lent;
          continue;
        }
        const found =
          typeof value === 'string' ? value : await readServerSecret(value, config.folder, environment, report);
        if (found === undefined) continue;
        if (group === 'headers' ? UNFIT_FOR_HEADER.test(revealText(found)) : revealText(found).includes('\0')) {
          report('error', `the value of \`${key}\` has a line break or control character, which it may not have here`);
        }
        resolved[key] = found;
      }
      return resolved;
    };
    servers.set(name, {
      env: 'env' in server ? await resolveGroup('env', server.env) : {},
      headers: 'headers' in server ? await resolveGroup('headers', server.headers) : {},
    });
  }
  return { servers, warnings: refuseErrors(problems) };
}

/** The credential that a reference names; undefined where it is none of that kind. */
export function readLent(value: string | LentReference | ServerReference): LentValue | undefined {
  if (typeof value === 'string') return undefined;
  const [, credential, part] = /^cred:([^.]+)(?:\.(.+))?$/.exec(value.secret) ?? [];
  return credential === undefined ? undefined : { credential, part, prefix: ('prefix' in value && value.prefix) || '' };
}

/** Who can read it is the server: one that nobody reviewed, and that can be another tomorrow, is lent nothing. */
function refuseLent(name: string, { credentials }: Manifest, server: ServerConfig): string | undefined {
  if (!Object.keys(credentials).some((known) => known.toLowerCase() === name.toLowerCase()))
    return `there is no credential \`${name}\` in \`credentials\``;
  const isPinned = 'url' in server || 'package' in server || server.digest !== undefined;
  return isPinned
    ? undefined
    : 'a credential is lent to pinned programs only; add `digest`, as `chaperone servers pin` prints it';
}

async function readServerSecret(
  { secret, prefix = '' }: ServerReference,
  folder: string,
  environment: Readonly<Record<string, string | undefined>>,
  report: (severity: ConfigProblem['severity'], message: string) => void,
): Promise<Secret | undefined> {
  const found = await readSecret(secret, folder, environment, report);
  return found === undefined || prefix === '' ? found : new Secret(secret, prefix + found.reveal());
}

/**
 * The key a planner's endpoint is given, if one is configured. Throws a `ConfigFault` that names the place of a
 * reference that leads nowhere.
 */
export async function resolvePlannerKey(
  config: Pick<LoadedConfig, 'manifest' | 'place' | 'folder'>,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly key: Secret | undefined; readonly warnings: readonly ConfigProblem[] }> {
  const reference = config.manifest.planner?.key;
  if (reference === undefined) return { key: undefined, warnings: [] };
  const problems: ConfigProblem[] = [];
  const place = config.place(['planner', 'key']);
  const report = (severity: ConfigProblem['severity'], message: string): void => {
    problems.push({ place, severity, message });
  };
  const key = await readSecret(reference.secret, config.folder, environment, report);
  if (key !== undefined && UNFIT_FOR_HEADER.test(key.reveal()))
    report('error', 'the value of `key` has a line break or control character, which it may not have here');
  return { key, warnings: refuseErrors(problems) };
}

/** The secret that an organisation gave this gateway, where one is named. Throws a `ConfigFault` as above. */
export async function resolveClientSecret(
  config: Pick<LoadedConfig, 'manifest' | 'place' | 'folder'>,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Secret | undefined> {
  const reference = config.manifest.people.oidc?.clientSecret;
  if (reference === undefined) return undefined;
  const problems: ConfigProblem[] = [];
  const place = config.place(['people', 'oidc', 'clientSecret']);
  const secret = await readSecret(reference.secret, config.folder, environment, (severity, message) => {
    problems.push({ place, severity, message });
  });
  refuseErrors(problems);
  return secret;
}

/** A line break would start a header of its own. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
export const UNFIT_FOR_HEADER = /[\0-\x08\x0A-\x1F\x7F]/;

/** A secret that a reference leads to; undefined, and reported, where it leads nowhere. */
export async function readSecret(
  reference: string,
  folder: string,
  environment: Readonly<Record<string, string | undefined>>,
  report: (severity: ConfigProblem['severity'], message: string) => void,
): Promise<Secret | undefined> {
  const [, kind, name = ''] = /^(env|file):(.+)$/s.exec(reference) ?? [];
  if (kind === 'env') {
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
    if (value === undefined) report('error', `the environment variable \`${name}\` is not set`);
    else if (value === '') report('error', `the environment variable \`${name}\` is empty`);
    else return new Secret(reference, value);
    return undefined;
  }
  try {
    const { bytes, mode } = await readFileOnce(resolve(folder, name), limits.secretBytes);
    const value = decodeText(bytes).replace(/\r?\n$/, '');
    if (value === '') {
      report('error', `the file \`${name}\` is empty`);
      return undefined;
    }
    if ((mode & 0o077) !== 0) {
      report('warning', `the file \`${name}\` can be read or changed by others; run \`chmod 600\` on it`);
    }
    return new Secret(reference, value);
  } catch (error) {
    report('error', `the file \`${name}\` ${toFault(error, 'E_CONFIG', 'could not be read').message}`);
    return undefined;
  }
}
