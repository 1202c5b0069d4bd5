import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts';
import { type DoorState, viewOf } from './door-state.ts';
import type { McpCaller } from './gate.ts';

/**
 * What the gateway offers this caller: everything some server behind it offers and the caller may see. Servers' own
 * instructions are left out: they are text for a model that nobody has reviewed.
 */
export async function describeGateway(
  door: DoorState,
  caller: McpCaller,
): Promise<{ readonly capabilities: JsonObject }> {
  const view = await viewOf(door, caller);
  const described = await Promise.all(
    [...door.upstreams.values()].map((upstream) => upstream.describe().catch(() => undefined)),
  );
  const all = described.flatMap((description) => (description ? [description.capabilities] : []));
  const some = (capability: string, feature: string) =>
    all.some((capabilities) => {
      const value = capabilities[capability];
      return isJsonObject(value) && value[feature] === true;
    });
  const capabilities: Record<string, JsonValue> = {
    tools: { ...(some('tools', 'listChanged') ? { listChanged: true } : {}) },
  };
  if (view.readers.size > 0) {
    capabilities['resources'] = {
      ...(some('resources', 'subscribe') ? { subscribe: true } : {}),
      ...(some('resources', 'listChanged') ? { listChanged: true } : {}),
    };
  }
  if (view.prompters.size > 0) {
    capabilities['prompts'] = { ...(some('prompts', 'listChanged') ? { listChanged: true } : {}) };
  }
  if (view.completers.size > 0) capabilities['completions'] = {};
  if (all.some((one) => one['logging'] !== undefined)) capabilities['logging'] = {};
  return { capabilities };
}
