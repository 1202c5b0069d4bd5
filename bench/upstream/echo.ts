/**
 * The upstream that hops are measured with: one tool that returns its argument. `node echo.ts` serves stdio,
 * `node echo.ts --http` serves Streamable HTTP on a free port of loopback and prints its address.
 */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node';
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';

function createEchoServer(): McpServer {
  const server = new McpServer({ name: 'echo', version: '1.0.0' });
  server.registerTool(
    'echo',
    {
      description: 'Returns the text.',
      inputSchema: z.strictObject({ text: z.string() }),
      annotations: { readOnlyHint: true },
    },
    ({ text }) => ({ content: [{ type: 'text', text }] }),
  );
  return server;
}

/** One server for each session, kept as long as the process: what a server that is made for speed does. */
function serveHttp(): void {
  const sessions = new Map<string, NodeStreamableHTTPServerTransport>();
  const listener = createServer(async (request, response) => {
    const known = sessions.get(String(request.headers['mcp-session-id']));
    if (known) return known.handleRequest(request, response);
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, transport),
    });
    await createEchoServer().connect(transport);
    await transport.handleRequest(request, response);
  });
  listener.listen(0, '127.0.0.1', () => {
    const address = listener.address();
    if (address !== null && typeof address === 'object') {
      process.stdout.write(`http://127.0.0.1:${address.port}/mcp\n`);
    }
  });
}

if (process.argv.includes('--http')) serveHttp();
else serveStdio(createEchoServer);
