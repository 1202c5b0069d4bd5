import type { Clock } from '../../base/clock.ts';
import type { McpUpstream } from '../../ports/mcp-upstream.ts';
import type { DoorState } from './door-state.ts';
import type { McpGate } from './gate.ts';
import { type HttpState, handleHttp } from './http-handler.ts';
import { Listings } from './listings.ts';
import { Peers } from './peers.ts';
import { type StdioOptions, serveStdio } from './serve-stdio.ts';
import { Sessions } from './sessions.ts';
import { StateSeal } from './state-seal.ts';
import { SuspendedRounds } from './suspended-rounds.ts';

export interface McpDoorOptions {
  readonly gate: McpGate;
  readonly clock: Clock;
  /** The servers behind the door, in the order of the manifest. */
  readonly upstreams: readonly McpUpstream[];
  /** Host names the HTTP endpoint answers for besides those of the loopback interface. */
  readonly hosts?: readonly string[];
  /** 32 bytes that every replica answering the same clients shares; random if absent, for a single process. */
  readonly stateKey?: Uint8Array;
  /** Something went wrong that no client is told of. */
  readonly onProblem?: (problem: unknown) => void;
}

export interface McpDoor {
  /**
   * Answers at the MCP endpoint. `credentials` is what the listener authenticated; the gate knows what it is. `parsed`
   * is the body, where the listener has read it already. Never rejects.
   */
  fetch(request: Request, credentials: unknown, parsed?: unknown): Promise<Response>;
  /** Serves one client on a pair of streams, until its input ends. */
  serveStdio(options: StdioOptions): Promise<void>;
  /**
   * Puts other servers behind the door, after the configuration changed. Sessions and subscriptions stay; what they
   * watched on servers that are gone is watched no more.
   */
  replaceUpstreams(upstreams: readonly McpUpstream[]): void;
  /** Ends sessions and subscriptions. The servers behind are not the door's to close. */
  close(): Promise<void>;
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** The MCP door: any number of servers behind one endpoint, for clients of both eras, over HTTP and stdio. */
export function createMcpDoor(options: McpDoorOptions): McpDoor {
  const { gate, clock, onProblem = () => {} } = options;
  const upstreams = new Map<string, McpUpstream>(options.upstreams.map((upstream) => [upstream.server, upstream]));
  const listings = new Listings(clock, upstreams);
  const seal = new StateSeal(clock, options.stateKey ?? clock.randomBytes(32));
  const suspended = new SuspendedRounds(clock);
  const holding = { count: 0 };
  const door: DoorState = { gate, clock, upstreams, listings, seal, suspended, holding, onProblem };
  const peers = new Peers(clock, upstreams);
  const sessions = new Sessions(clock);
  const subscriptions = new Set<() => void>();
  const hosts = new Set([...LOOPBACK, ...(options.hosts ?? []).map((host) => host.toLowerCase())]);
  const http: HttpState = { door, peers, sessions, hosts, subscriptions };
  return {
    fetch: (request, credentials, parsed) => handleHttp(http, request, credentials, parsed),
    serveStdio: (stdio) => serveStdio(door, peers, stdio),
    replaceUpstreams(next) {
      upstreams.clear();
      for (const upstream of next) upstreams.set(upstream.server, upstream);
      listings.restart();
    },
    async close() {
      for (const end of [...subscriptions]) end();
      sessions.close();
      peers.close();
      listings.close();
    },
  };
}
