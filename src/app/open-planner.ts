import { openAnthropicPlanner } from '../adapters/planners/anthropic.ts';
import { openOpenAiPlanner } from '../adapters/planners/openai.ts';
import type { Planner } from '../ports/planner.ts';
import type { HeldSecrets } from '../scan/held-secrets.ts';
import type { LoadedConfig } from './config/load-config.ts';
import { resolvePlannerKey } from './config/resolve-secrets.ts';
import type { Notify } from './notice.ts';

const OPENERS = { openai: openOpenAiPlanner, anthropic: openAnthropicPlanner } as const;

/**
 * The planner of a configuration, or undefined where it names none: then the words of the prompt alone decide. Nothing
 * is sent before a run is planned. Its key is among the secrets that no argument may carry. Throws a `ConfigFault` for a key that is not there.
 */
export async function openPlanner(
  loaded: LoadedConfig,
  environment: Readonly<Record<string, string | undefined>>,
  notify: Notify,
  held?: Pick<HeldSecrets, 'add'>,
): Promise<Planner | undefined> {
  const { planner } = loaded.manifest;
  if (planner === undefined) return undefined;
  const { key, warnings } = await resolvePlannerKey(loaded, environment);
  if (key !== undefined) held?.add([key]);
  for (const { place, message } of warnings)
    notify({ kind: 'warning', message: `${place.file}:${place.line}: ${message}` });
  return OPENERS[planner.kind]({
    url: new URL(planner.url),
    model: planner.model,
    timeoutMs: planner.timeout,
    ...(key === undefined ? {} : { key }),
  });
}
