import type { Secret } from '../../base/secret.ts';
import type { PlainOrSecret } from '../../model/secret-reference.ts';
import { type ConfigProblem, refuseErrors } from './config-problem.ts';
import type { LoadedConfig } from './load-config.ts';
import { readSecret, UNFIT_FOR_HEADER } from './resolve-secrets.ts';

/** A value of the configuration that may be a reference, and where it stands. */
export interface WantedValue {
  readonly path: readonly string[];
  readonly value: PlainOrSecret;
}

/**
 * Replaces references by the secrets they lead to, in order. Throws a `ConfigFault` that names the place of every one that
 * leads nowhere, and never a value.
 */
export async function resolveValues(
  config: Pick<LoadedConfig, 'place' | 'folder'>,
  environment: Readonly<Record<string, string | undefined>>,
  wanted: readonly WantedValue[],
): Promise<{ readonly values: readonly (string | Secret)[]; readonly warnings: readonly ConfigProblem[] }> {
  const problems: ConfigProblem[] = [];
  const values: (string | Secret)[] = [];
  for (const { path, value } of wanted) {
    const place = config.place(path);
    const report = (severity: ConfigProblem['severity'], message: string): void => {
      problems.push({ place, severity, message });
    };
    const found =
      typeof value === 'string' ? value : await readSecret(value.secret, config.folder, environment, report);
    if (found === undefined) continue;
    if (UNFIT_FOR_HEADER.test(typeof found === 'string' ? found : found.reveal())) {
      report('error', 'the value has a line break or control character, which it may not have here');
    }
    values.push(found);
  }
  return { values, warnings: refuseErrors(problems) };
}
