import { Fault, toFault } from '../../../base/fault.ts';
import type { JsonObject } from '../../../base/json.ts';
import type { Secret } from '../../../base/secret.ts';
import type { Intent } from '../../../model/intent.ts';
import type { Tool } from '../../../model/tool.ts';
import type { McpListKind, McpUpstream } from '../../../ports/mcp-upstream.ts';
import type { CallContext, Execution, ToolSource } from '../../../ports/tool-source.ts';
import { callServer, readCarrier } from './call-server.ts';
import { listCallables } from './callables.ts';
import { ChangeFeed } from './change-feed.ts';
import type { McpReach } from './connect.ts';
import { createMask, type Mask } from './create-mask.ts';
import { Links, OWN } from './links.ts';
import { listAll } from './list-all.ts';
import { type DroppedTool, readTools } from './read-tools.ts';

export interface McpSourceOptions {
  /** The id the manifest gives the server. */
  readonly server: string;
  readonly reach: McpReach;
  /** What the server was given in its environment or headers: taken out of everything it says. */
  readonly secrets?: readonly Secret[];
  /** Instead of `secrets`: takes out what it knows, and may come to know more. */
  readonly mask?: Mask;
  /** How long connecting and listing may each take, ms. */
  readonly connectTimeoutMs?: number;
  /** A line the server wrote to its standard error: untrusted, cut at 4,096 characters. */
  readonly onStderr?: (line: string) => void;
  /** A tool that was left out of `list`, and why. */
  readonly onDropped?: (dropped: DroppedTool) => void;
}

export interface McpSource {
  readonly tools: ToolSource;
  readonly upstream: McpUpstream;
}

const CONNECT_TIMEOUT_MS = 15_000;

/** An MCP server as a source of tools and as what a door carries besides. Connects when first asked. */
export function createMcpSource(options: McpSourceOptions): McpSource {
  const { server, reach, onStderr = () => {}, onDropped = () => {} } = options;
  const timeoutMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
  const feed = new ChangeFeed(server);
  const mask = options.mask ?? createMask(options.secrets ?? []);
  const links = new Links({
    reach,
    timeoutMs,
    onStderr: (line) => onStderr(mask?.(line) ?? line),
    mask,
    listen: (name) => feed.listener(name),
    onOwnOpen: (connection) => feed.attach(connection),
    onOwnLost: () => feed.changeAll(),
  });

  const own = async () => {
    try {
      return await links.get(OWN);
    } catch (error) {
      throw toFault(error, 'E_UPSTREAM_UNREACHABLE', `server \`${server}\` cannot be reached`);
    }
  };

  const tools: ToolSource = {
    server,
    async list(): Promise<readonly Tool[]> {
      const connection = await own();
      const described = readTools(server, await listAll(connection, 'tools', timeoutMs), onDropped);
      return [...described, ...listCallables(server, connection.negotiated.capabilities)];
    },
    call(intent: Intent, context: CallContext): Promise<Execution> {
      const carrier = readCarrier(context.carrier);
      if (carrier) feed.introduce(carrier.peer);
      return callServer(links, intent, context, carrier);
    },
    onListChanged: (listener) => feed.onListChanged('tools', listener),
    close: () => {
      feed.close();
      return links.close();
    },
  };

  const upstream: McpUpstream = {
    server,
    async describe() {
      const { era, capabilities, instructions } = (await own()).negotiated;
      return { era, capabilities, ...(instructions === undefined ? {} : { instructions }) };
    },
    list: async (kind: McpListKind): Promise<readonly JsonObject[]> => listAll(await own(), kind, timeoutMs),
    onListChanged: (kind, listener) => feed.onListChanged(kind, listener),
    async watch(peer, uri, onUpdated) {
      feed.introduce(peer);
      const connection = await links.get(peer);
      return feed.watch(peer, connection, uri, onUpdated, timeoutMs);
    },
    async setLogLevel(peer, level) {
      feed.introduce(peer);
      const connection = await links.get(peer);
      const { era, capabilities } = connection.negotiated;
      if (era === 'modern' || capabilities['logging'] === undefined) return;
      const reply = await connection.ask({
        method: 'logging/setLevel',
        params: { level },
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (reply.kind !== 'result') throw new Fault('E_UPSTREAM_FAILED', 'the server did not accept the log level');
    },
    tellRootsChanged: (peer) => links.tell(peer, 'notifications/roots/list_changed'),
    release: (peer) => {
      feed.dismiss(peer);
      links.release(peer);
    },
  };
  return { tools, upstream };
}
