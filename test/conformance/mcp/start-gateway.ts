import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import type { McpReach } from '../../../src/adapters/tools/mcp/connect.ts';
import { createMcpSource } from '../../../src/adapters/tools/mcp/create-mcp-source.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { createMcpDoor, type McpDoor } from '../../../src/doors/mcp/create-mcp-door.ts';
import { openDirectGate } from './direct-gate.ts';

export interface Gateway {
  readonly url: URL;
  readonly door: McpDoor;
  /** What went wrong without a client being told: tests expect it to stay empty. */
  readonly problems: unknown[];
  close(): Promise<void>;
}

/** The MCP door over these servers, on a free port of the loopback interface. The agent is named in the path. */
export async function startGateway(reaches: Readonly<Record<string, McpReach>>): Promise<Gateway> {
  const sources = Object.entries(reaches).map(([server, reach]) => createMcpSource({ server, reach }));
  const problems: unknown[] = [];
  const door = createMcpDoor({
    gate: await openDirectGate(sources.map(({ tools }) => tools)),
    clock: systemClock,
    upstreams: sources.map(({ upstream }) => upstream),
    onProblem: (problem) => problems.push(problem),
  });
  const agentOf = (request: Request) => new URL(request.url).pathname.split('/')[2] ?? 'tester';
  const http = serve({ fetch: (request) => door.fetch(request, agentOf(request)), hostname: '127.0.0.1', port: 0 });
  await new Promise<void>((resolve) => (http.listening ? resolve() : http.once('listening', resolve)));
  return {
    url: new URL(`http://localhost:${(http.address() as AddressInfo).port}/mcp`),
    door,
    problems,
    async close() {
      await door.close();
      await Promise.all(sources.map(({ tools }) => tools.close()));
      if ('closeAllConnections' in http) http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}
