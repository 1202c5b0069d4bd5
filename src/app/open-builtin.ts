import { join, resolve } from 'node:path';
import { BuiltinSource } from '../adapters/tools/builtin/builtin-source.ts';
import { PackageLayers } from '../adapters/tools/builtin/packages/package-layers.ts';
import { Workspace } from '../adapters/tools/builtin/workspace.ts';
import type { McpSource } from '../adapters/tools/mcp/create-mcp-source.ts';
import type { Clock } from '../base/clock.ts';
import type { JsonValue } from '../base/json.ts';
import { BUILTIN_SERVER } from '../model/builtin.ts';
import type { Intent } from '../model/intent.ts';
import { findProfile } from '../model/profile.ts';
import type { CallAnswer } from '../runtime/line/call-answer.ts';
import type { CallRequest } from '../runtime/line/call-request.ts';
import type { World } from '../runtime/world.ts';
import type { LoadedConfig } from './config/load-config.ts';
import type { WayOut } from './egress/open-egress.ts';
import type { Notify } from './notice.ts';
import { recordAttemptsOfCode } from './record-attempts.ts';
import type { SharedWalls } from './sandboxes.ts';

/** The gateway that the tools belong to: what code calls is a call through it, what is noticed is in its record. */
export interface Within {
  readonly world: Pick<World, 'store' | 'clock' | 'catalog' | 'guards'>;
  readonly egress: {
    openForCall(intent: Intent, hosts: readonly string[]): Promise<WayOut>;
    openForServer(server: string, hosts: readonly string[]): Promise<WayOut>;
  };
  call(request: CallRequest): Promise<CallAnswer>;
}

export interface BuiltinSourceOptions {
  readonly loaded: LoadedConfig;
  /** Absolute path of the data folder. */
  readonly data: string;
  readonly clock: Clock;
  readonly notify: Notify;
  readonly sandboxes: SharedWalls;
  /** Asked when a tool runs; absent where tools are only listed. */
  readonly within?: () => Within;
}

/** The tools that Chaperone brings along. They speak no MCP of their own, so there is nothing else to carry. */
export function openBuiltin(options: BuiltinSourceOptions): McpSource {
  const { loaded, clock, sandboxes, notify } = options;
  const { builtin, profiles, tenant } = loaded.manifest;
  const within = () => {
    if (options.within === undefined) throw new Error('these tools were opened to be listed alone');
    return options.within();
  };
  const tools = new BuiltinSource({
    config: builtin,
    ...(builtin.workspace === undefined
      ? {}
      : { workspace: new Workspace(resolve(loaded.folder, builtin.workspace), clock) }),
    ...(Object.keys(builtin.packages).length === 0
      ? {}
      : {
          packages: new PackageLayers({
            config: builtin.packages,
            resolve: (path) => resolve(loaded.folder, path),
            folder: join(options.data, 'packages'),
            clock,
          }),
        }),
    run: (job) => sandboxes.run(job),
    profileOf: (language) => {
      const name = builtin.code?.[language];
      return name === undefined ? undefined : findProfile(profiles, name);
    },
    openWayOut: (intent, hosts) => within().egress.openForCall(intent, hosts),
    callTool: (parent, tool, argument, signal) => callNested(within(), tenant, parent, tool, argument, signal),
    onAttempts: (intent, attempts) => recordAttemptsOfCode(within().world, notify, tenant, intent, attempts),
  });
  return {
    tools: {
      server: BUILTIN_SERVER,
      list: () => tools.list(),
      call: (intent, context) => tools.call(intent, context),
      onListChanged: () => tools.onListChanged(),
      close: async () => {
        await tools.close();
        await sandboxes.close();
      },
    },
    upstream: {
      server: BUILTIN_SERVER,
      describe: async () => ({ era: 'modern', capabilities: { tools: {} } }),
      list: async () => [],
      onListChanged: () => () => {},
      watch: async () => () => {},
      setLogLevel: async () => {},
      tellRootsChanged: () => {},
      release: () => {},
    },
  };
}

/** A call of the code's own run, decided like any other. What the code is told of a refusal is what a model is told. */
async function callNested(
  within: Within,
  tenant: string,
  parent: Intent,
  tool: string,
  argument: JsonValue,
  signal: AbortSignal,
): Promise<JsonValue> {
  const { runId, id } = parent.call;
  const run = await within.world.store.readRun(tenant, runId);
  if (run === undefined) throw new Error('the run is over');
  const answer = await within.call({
    principal: run.principal,
    runId,
    tool,
    arguments: argument,
    signal,
    parentCallId: id,
  });
  if (answer.kind === 'refused') throw new Error(`${answer.code}: ${answer.toModel}`);
  const { structuredContent, content, isError } = answer.result;
  const text = content.map((block) => (typeof block['text'] === 'string' ? block['text'] : '')).join('\n');
  if (isError) throw new Error(text.slice(0, 4_096));
  return structuredContent ?? text;
}
