import { realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { BuiltinSource } from '../adapters/tools/builtin/builtin-source.ts';
import { PackageLayers } from '../adapters/tools/builtin/packages/package-layers.ts';
import { Workspace } from '../adapters/tools/builtin/workspace.ts';
import type { McpSource } from '../adapters/tools/mcp/create-mcp-source.ts';
import type { Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { JsonValue } from '../base/json.ts';
import { BUILTIN_SERVER } from '../model/builtin.ts';
import type { Intent } from '../model/intent.ts';
import { findProfile } from '../model/profile.ts';
import type { FileChange } from '../ports/sandbox.ts';
import type { CallAnswer } from '../runtime/line/call-answer.ts';
import type { CallRequest } from '../runtime/line/call-request.ts';
import type { World } from '../runtime/world.ts';
import type { LoadedConfig } from './config/load-config.ts';
import type { WayOut } from './egress/open-egress.ts';
import type { Notify } from './notice.ts';
import { recordAttemptsOfCode } from './record-attempts.ts';
import { listReserved } from './reserved/list-reserved.ts';
import { foldPath } from './reserved/real-paths.ts';
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
    findFolder: (path) => findFolder(loaded, options.data, path),
    keep: (storeFolder, callId, changes) => keepFiles(new Workspace(storeFolder, clock), callId, changes),
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

/** A folder that code is given or leaves files in. One that has the gateway's own in it, or lies within, is none of them. */
async function findFolder(loaded: LoadedConfig, data: string, path: string): Promise<string> {
  const absolute = await realpath(resolve(loaded.folder, path)).catch((cause: unknown) => {
    throw new Fault('E_SANDBOX', `the folder \`${path}\` is not there; make it`, { cause });
  });
  const own = listReserved(loaded, data).find(
    ({ path: reserved }) => lies(reserved, absolute) || lies(absolute, reserved),
  );
  if (own !== undefined)
    throw new Fault('E_SANDBOX', `the folder \`${path}\` and ${own.what} lie in each other; name another folder`);
  return absolute;
}

function lies(inner: string, outer: string): boolean {
  const [one, other] = [foldPath(inner), foldPath(outer)];
  return one === other || one.startsWith(other.endsWith('/') ? other : `${other}/`);
}

/** What code added or changed, in a folder of its call's own. */
async function keepFiles(store: Workspace, callId: string, changes: readonly FileChange[]): Promise<number> {
  const left = changes.filter(({ bytes }) => bytes !== undefined);
  for (const { path, bytes = new Uint8Array() } of left) await store.write(`${callId}/${path}`, bytes);
  return left.length;
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
