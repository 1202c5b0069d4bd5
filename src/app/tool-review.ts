import { newId, systemClock } from '../base/clock.ts';
import type { Digest } from '../base/digest.ts';
import { Fault } from '../base/fault.ts';
import { pinTool, type ToolName, toolName } from '../model/tool.ts';
import type { PersonCaller } from '../runtime/people/people-world.ts';
import type { LoadedConfig } from './config/load-config.ts';
import { dataFolder, makeFolder } from './data-folder.ts';
import type { Notify } from './notice.ts';
import { openCatalog } from './open-catalog.ts';
import { openStore } from './open-store.ts';
import { describeTool } from './settle-pins.ts';

/** A tool's description, as JSON with one member a line, so that a difference is readable. */
interface Description {
  readonly pin: Digest;
  readonly text: string;
}

export interface DriftedTool {
  readonly name: ToolName;
  readonly reviewed: Description;
  readonly found: Description;
}

export interface ToolReview extends AsyncDisposable {
  /** Tools whose description differs from the reviewed one. */
  listDrifted(): Promise<readonly DriftedTool[]>;
  /**
   * Pins a tool as it is now, if that still is what was looked at: a server may answer the second time with something
   * else. `seen` is the pin that was shown. Throws a `Fault`: E_NOT_FOUND, E_TOOL_DRIFTED.
   */
  accept(name: string, seen: string, by: Pick<PersonCaller, 'person' | 'presence'>): Promise<Digest>;
}

/** The tools as their servers describe them now, beside the descriptions that were reviewed. */
export async function openToolReview(
  loaded: LoadedConfig,
  environment: Readonly<Record<string, string | undefined>>,
  notify: Notify,
): Promise<ToolReview> {
  const data = dataFolder(loaded);
  await makeFolder(data);
  const { tools } = await openCatalog(loaded, environment, notify);
  const store = await openStore(data, systemClock);
  return {
    async listDrifted() {
      const drifted: DriftedTool[] = [];
      for (const tool of tools) {
        const name = toolName(tool);
        const known = await store.readPin(name);
        const pin = pinTool(tool);
        if (known === undefined || known.pin === pin) continue;
        const text = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
        drifted.push({
          name,
          reviewed: { pin: known.pin, text: text(known.descriptor) },
          found: { pin, text: text(describeTool(tool)) },
        });
      }
      return drifted;
    },
    async accept(name, seen, { person, presence }) {
      const tool = tools.find((candidate) => toolName(candidate) === name);
      if (tool === undefined) throw new Fault('E_NOT_FOUND', `no configured server has a tool \`${name}\``);
      const pin = pinTool(tool);
      if (seen !== pin)
        throw new Fault(
          'E_TOOL_DRIFTED',
          `\`${name}\` is not what was looked at; look again: \`chaperone tools diff\``,
        );
      const atMs = systemClock.nowMs();
      const result = await store.commit([
        { kind: 'pin.set', tool: toolName(tool), pin, descriptor: describeTool(tool), atMs },
        {
          kind: 'event.append',
          event: {
            id: newId(systemClock, 'evt'),
            kind: 'tool.reviewed',
            tenant: loaded.manifest.tenant,
            tool: name,
            atMs,
            body: { pin, by: person, presence },
          },
        },
      ]);
      if (!result.ok) throw new Fault(result.code, result.message);
      return pin;
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
}
