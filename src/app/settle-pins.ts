import { type Clock, newId } from '../base/clock.ts';
import type { Digest } from '../base/digest.ts';
import { Fault } from '../base/fault.ts';
import type { JsonObject } from '../base/json.ts';
import { pinTool, type Tool, type ToolName, toolName } from '../model/tool.ts';
import type { Change, Store } from '../ports/store.ts';

/**
 * The reviewed pin of every tool. A tool seen for the first time is pinned as it is; one that was pinned before keeps
 * its pin, and where the description differs now, that is recorded as drift. Throws a `Fault` where the store cannot.
 */
export async function settlePins(
  world: { readonly store: Store; readonly clock: Clock; readonly tenant: string },
  tools: readonly Tool[],
): Promise<ReadonlyMap<ToolName, Digest>> {
  const pins = new Map<ToolName, Digest>();
  const changes: Change[] = [];
  for (const tool of tools) {
    const name = toolName(tool);
    const pin = pinTool(tool);
    const known = await world.store.readPin(name);
    pins.set(name, known?.pin ?? pin);
    if (known?.pin === pin) continue;
    const atMs = world.clock.nowMs();
    const kind = known === undefined ? 'tool.reviewed' : 'tool.drifted';
    if (known === undefined) changes.push({ kind: 'pin.set', tool: name, pin, descriptor: describeTool(tool), atMs });
    changes.push({
      kind: 'event.append',
      event: {
        id: newId(world.clock, 'evt'),
        kind,
        tenant: world.tenant,
        tool: name,
        atMs,
        body: known === undefined ? { pin, by: 'first use' } : { pin: known.pin, found: pin },
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
