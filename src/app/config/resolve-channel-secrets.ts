import { limits } from '../../base/limits.ts';
import type { Secret } from '../../base/secret.ts';
import { type ConfigProblem, refuseErrors } from './config-problem.ts';
import { isLocal } from './is-local.ts';
import type { LoadedConfig } from './load-config.ts';
import { readSecret } from './resolve-secrets.ts';

/**
 * The secret of every channel that has one, by the channel's name. Throws a `ConfigFault` that names the place of a
 * reference that leads nowhere, and never a value.
 */
export async function resolveChannelSecrets(
  config: Pick<LoadedConfig, 'manifest' | 'place' | 'folder'>,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly secrets: ReadonlyMap<string, Secret>; readonly warnings: readonly ConfigProblem[] }> {
  const problems: ConfigProblem[] = [];
  const secrets = new Map<string, Secret>();
  for (const [name, { webhook, slack, smtp }] of Object.entries(config.manifest.channels)) {
    const found = [
      [webhook?.secret, ['webhook', 'secret']],
      [slack?.url, ['slack', 'url']],
      [smtp?.password, ['smtp', 'password']],
    ] as const;
    for (const [reference, path] of found) {
      if (reference === undefined) continue;
      const place = config.place(['channels', name, ...path]);
      const report = (severity: ConfigProblem['severity'], message: string): void => {
        problems.push({ place, severity, message });
      };
      const secret = await readSecret(reference.secret, config.folder, environment, report);
      if (secret === undefined) continue;
      secrets.set(name, secret);
      if (webhook !== undefined && secret.reveal().length < limits.webhookSecretChars)
        report('error', `the secret has fewer than ${limits.webhookSecretChars} characters`);
      if (slack !== undefined && !isSafeUrl(secret.reveal()))
        report('error', 'the secret is not an `https://` address');
    }
  }
  return { secrets, warnings: refuseErrors(problems) };
}

function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLocal(url.hostname));
}
