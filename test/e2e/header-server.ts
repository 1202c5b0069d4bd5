/** An MCP server over HTTP that writes down the headers and the body of every request, then answers its one tool. */
import { appendFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [, , portFile = '', logFile = ''] = process.argv;

const server = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  appendFileSync(
    logFile,
    `${JSON.stringify({ method: request.method, url: request.url, headers: request.rawHeaders, body })}\n`,
  );
  if (request.method !== 'POST') return void response.writeHead(405).end();
  const { id, method } = JSON.parse(body) as { id?: number; method: string };
  if (id === undefined) return void response.writeHead(202).end();
  const answers: Record<string, unknown> = {
    initialize: {
      protocolVersion: '2025-11-25',
      capabilities: { tools: {} },
      serverInfo: { name: 'headers', version: '1.0.0' },
    },
    'tools/list': {
      tools: [{ name: 'read_far', description: 'reads', inputSchema: { type: 'object', properties: {} } }],
    },
    'tools/call': { content: [{ type: 'text', text: 'read' }] },
  };
  const result = answers[method];
  const error = { code: -32_601, message: 'Method not found' };
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ jsonrpc: '2.0', id, ...(result === undefined ? { error } : { result }) }));
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  writeFileSync(portFile, String(typeof address === 'object' ? address?.port : ''));
});
