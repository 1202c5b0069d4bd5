import { randomUUID } from 'node:crypto';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type NodeIncomingMessageLike,
  NodeStreamableHTTPServerTransport,
  toNodeHandler,
} from '@modelcontextprotocol/node';
import {
  createMcpHandler,
  isLegacyRequest,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  type McpServer,
  validateHostHeader,
  validateOriginHeader,
} from '@modelcontextprotocol/server';
import { createUpstreamServer } from './upstream-server.ts';

export interface Upstream {
  readonly url: URL;
  /** Requests that reached the endpoint, for tests that count them. */
  readonly seen: {
    method: string | undefined;
    headers: Record<string, string | string[] | undefined>;
    body: unknown;
  }[];
  close(): Promise<void>;
}

/** The upstream over HTTP, on a free port of the loopback interface: both eras behind one URL, or only the modern one. */
export async function startUpstream({ legacy = true } = {}): Promise<Upstream> {
  const sessions = new Map<string, { transport: NodeStreamableHTTPServerTransport; server: McpServer }>();
  const announcer = {
    toolsChanged: () => {
      modern.notify.toolsChanged();
      for (const { server } of sessions.values()) server.sendToolListChanged();
    },
    promptsChanged: () => {
      modern.notify.promptsChanged();
      for (const { server } of sessions.values()) server.sendPromptListChanged();
    },
  };
  const factory = () => createUpstreamServer(announcer);
  const modern = createMcpHandler(factory, { legacy: 'reject' });
  const answerModern = toNodeHandler(modern);
  const seen: Upstream['seen'] = [];

  const http = createServer(async (request, response) => {
    const host = validateHostHeader(request.headers.host, localhostAllowedHostnames());
    const origin = validateOriginHeader(request.headers.origin, localhostAllowedOrigins());
    if (!host.ok || !origin.ok) return void response.writeHead(403).end();
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString('utf8');
    let body: unknown;
    try {
      body = text === '' ? undefined : JSON.parse(text);
    } catch {
      return void response.writeHead(400).end();
    }
    seen.push({ method: request.method, headers: request.headers, body });
    const headers = new Headers();
    for (const [name, value] of Object.entries(request.headers))
      if (typeof value === 'string') headers.set(name, value);
    const probe = new Request('http://localhost/mcp', { method: request.method ?? 'GET', headers });
    if (!legacy || !(await isLegacyRequest(probe, body)))
      return void (await answerModern(request as NodeIncomingMessageLike, response, body));

    const known = sessions.get(String(request.headers['mcp-session-id'] ?? ''));
    if (known) return void (await known.transport.handleRequest(request, response, body));
    if (request.headers['mcp-session-id'] !== undefined) return void response.writeHead(404).end();
    const server = factory();
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, { transport, server }),
      onsessionclosed: (id) => void sessions.delete(id),
    });
    await server.connect(transport);
    await transport.handleRequest(request, response, body);
  });
  const port = await listen(http);
  return {
    url: new URL(`http://localhost:${port}/mcp`),
    seen,
    async close() {
      await modern.close();
      await Promise.all([...sessions.values()].map(({ server }) => server.close()));
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

export async function listen(server: HttpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
