import { type Clock, newId } from '../base/clock.ts';
import type { Digest } from '../base/digest.ts';
import { Fault } from '../base/fault.ts';
import type { JsonObject } from '../base/json.ts';
import type { Manifest } from '../model/manifest.ts';
import { pinTool, type Tool, type ToolName, toolName } from '../model/tool.ts';
import type { Change, CommitResult, Store } from '../ports/store.ts';

const ATTEMPTS = 3;

/**
 * The reviewed pin of every tool. A tool seen for the first time is pinned as it is, and one whose pin the manifest
 * declares is pinned so; any other keeps its pin, and where its description differs now, that is recorded as drift.
 * Several gateways may see a tool for the first time at once: the first pin stands, for all of them.
 *
 * `activate` commits the changes together with what puts the tools into force, so that a configuration that is turned down
 * accepts nothing; it is asked again where somebody else came first. Throws what `activate` throws, and a `Fault` where the
 * store cannot.
 */
export async function settlePins(
  world: PinWorld,
  tools: readonly Tool[],
  activate: (pins: ReadonlyMap<ToolName, Digest>, changes: readonly Change[]) => Promise<CommitResult>,
  attempts = ATTEMPTS,
): Promise<ReadonlyMap<ToolName, Digest>> {
  const { pins, changes } = await comparePins(world, tools);
  const result = await activate(pins, changes);
  if (result.ok) return pins;
  // Another gateway pinned one of them meanwhile.
  if (result.code === 'E_BUSY' && attempts > 1) return settlePins(world, tools, activate, attempts - 1);
  throw new Fault(result.code, result.message);
}

interface PinWorld {
  readonly store: Store;
  readonly clock: Clock;
  readonly manifest: Manifest;
}

/** The pins as they are reviewed, and what has to be written for that to be so. */
async function comparePins(
  world: PinWorld,
  tools: readonly Tool[],
): Promise<{ readonly pins: ReadonlyMap<ToolName, Digest>; readonly changes: readonly Change[] }> {
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
    if (reviewed) {
      const set: Change = { kind: 'pin.set', tool: name, pin, descriptor: describeTool(tool), atMs };
      changes.push(declared ? set : { ...set, ifAbsent: true });
    }
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
  return { pins, changes };
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
