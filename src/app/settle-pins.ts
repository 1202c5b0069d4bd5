import { type Clock, newId } from '../base/clock.ts';
import type { Digest } from '../base/digest.ts';
import { Fault } from '../base/fault.ts';
import type { JsonObject } from '../base/json.ts';
import type { Manifest } from '../model/manifest.ts';
import { pinTool, type Tool, type ToolName, toolName } from '../model/tool.ts';
import type { Change, Store } from '../ports/store.ts';

/**
 * The reviewed pin of every tool. A tool seen for the first time is pinned as it is, and one whose pin the manifest
 * declares is pinned so; any other keeps its pin, and where its description differs now, that is recorded as drift.
 * Throws a `Fault` where the store cannot.
 */
export async function settlePins(
  world: { readonly store: Store; readonly clock: Clock; readonly manifest: Manifest },
  tools: readonly Tool[],
): Promise<ReadonlyMap<ToolName, Digest>> {
  const pins = new Map<ToolName, Digest>();
  const changes: Change[] = [];
  for (const tool of tools) {
    const name = toolName(tool);
    const pin = pinTool(tool);
    const known = await world.store.readPin(name);
    const declared = Object.hasOwn(world.manifest.tools, name) && world.manifest.tools[name]?.pin === pin;
    const reviewed = known === undefined || declared;
    pins.set(name, reviewed ? pin : known.pin);
    if (known?.pin === pin) continue;
    const atMs = world.clock.nowMs();
    if (reviewed) changes.push({ kind: 'pin.set', tool: name, pin, descriptor: describeTool(tool), atMs });
    changes.push({
      kind: 'event.append',
      event: {
        id: newId(world.clock, 'evt'),
        kind: reviewed ? 'tool.reviewed' : 'tool.drifted',
        tenant: world.manifest.tenant,
        tool: name,
        atMs,
        body: reviewed ? { pin, by: declared ? 'manifest' : 'first use' } : { pin: known.pin, found: pin },
      },
    });
  }
  if (changes.length > 0) {
    const result = await world.store.commit(changes);
    if (!result.ok) throw new Fault(result.code, result.message);
  }
  return pins;
}

/** What the pin covers, kept so that a later change can be shown. */
export function describeTool(tool: Tool): JsonObject {
  return {
    server: tool.server,
    name: tool.name,
    description: tool.description,
    inputSchema: tool.inputSchema,
    ...(tool.title === undefined ? {} : { title: tool.title }),
    ...(tool.outputSchema === undefined ? {} : { outputSchema: tool.outputSchema }),
    ...(tool.annotations === undefined ? {} : { annotations: tool.annotations }),
  };
}
