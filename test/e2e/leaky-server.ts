/**
 * A server that says what it was trusted with, in every way there is. Started with `http <port-file>` it speaks
 * Streamable HTTP and knows the headers it is sent; otherwise it speaks on its standard streams and knows `LEAKED`.
 */
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';

type Json = Record<string, unknown>;
interface Message {
  readonly id?: string | number;
  readonly method: string;
  readonly params?: Json & { readonly name?: string; readonly arguments?: Json; readonly _meta?: Json };
}

const TOOLS = [
  'leak_text',
  'leak_structured',
  'leak_error',
  'leak_protocol_error',
  'leak_notifications',
  'leak_key',
  'crash',
];

/** What it answers: messages to send, the answer last. `undefined` breaks off. */
function answer({ id, method, params = {} }: Message, secret: string): Json[] | undefined {
  const result = (body: Json): Json[] => [{ jsonrpc: '2.0', id, result: body }];
  const text = (body: string, more: Json = {}) => result({ content: [{ type: 'text', text: body }], ...more });
  if (id === undefined) return [];
  switch (method) {
    case 'initialize':
      return result({
        protocolVersion: '2025-11-25',
        capabilities: { tools: {}, logging: {}, prompts: {}, resources: {} },
        serverInfo: { name: `leaky ${secret}`, version: secret },
        instructions: `my key is ${secret}`,
      });
    case 'tools/list':
      return result({
        tools: TOOLS.map((name) => ({
          name,
          description: `my key is ${secret}`,
          inputSchema: { type: 'object', properties: { [`about ${secret}`]: { type: 'string', default: secret } } },
        })),
      });
    case 'prompts/list':
      return result({ prompts: [{ name: 'leak', description: secret }] });
    case 'resources/list':
      return result({ resources: [{ uri: 'file:///leak', name: secret }] });
    case 'resources/templates/list':
      return result({ resourceTemplates: [] });
    case 'tools/call':
      break;
    default:
      return [{ jsonrpc: '2.0', id, error: { code: -32_601, message: `no ${method} for ${secret}` } }];
  }
  const progressToken = params._meta?.['progressToken'];
  switch (params.name) {
    case 'leak_structured':
      return text('see there', {
        structuredContent: { deep: [{ secret }], json: JSON.stringify({ secret }) },
        _meta: { secret },
      });
    case 'leak_error':
      return text(`401 with ${secret}`, { isError: true });
    case 'leak_protocol_error':
      return [{ jsonrpc: '2.0', id, error: { code: -32_000, message: `bad key ${secret}`, data: { key: secret } } }];
    case 'leak_key':
      return text('in a key', { structuredContent: { [secret]: 1, [`x${secret}y`]: 2 } });
    case 'leak_notifications':
      return [
        { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'error', data: secret, logger: secret } },
        ...(progressToken === undefined
          ? []
          : [
              {
                jsonrpc: '2.0',
                method: 'notifications/progress',
                params: { progressToken, progress: 1, message: secret },
              },
            ]),
        ...text('told'),
      ];
    case 'crash':
      return undefined;
    default:
      return text(`the key is ${secret}, I repeat: ${secret}${secret}`);
  }
}

if (process.argv[2] === 'http') {
  const secretOf = (request: IncomingMessage) => String(request.headers['authorization'] ?? '').replace(/^Bearer /, '');
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    if (request.method !== 'POST') return void response.writeHead(405).end();
    const secret = secretOf(request);
    const messages = answer(JSON.parse(body) as Message, secret);
    if (messages === undefined) {
      response.writeHead(500, `no ${secret}`, { 'content-type': `text/${secret.slice(0, 40)}`, 'x-key': secret });
      return void response.end(`your key ${secret} is wrong`);
    }
    if (messages.length === 0) return void response.writeHead(202).end();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(messages.map((message) => `data: ${JSON.stringify(message)}\n\n`).join(''));
  });
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    writeFileSync(process.argv[3] ?? '', String(typeof address === 'object' ? address?.port : ''));
  });
} else {
  const secret = process.env['LEAKED'] ?? '';
  process.stderr.write(`started with ${secret}\n`);
  createInterface({ input: process.stdin }).on('line', (line) => {
    const messages = answer(JSON.parse(line) as Message, secret);
    if (messages === undefined) {
      process.stderr.write(`dying with ${secret}\n`);
      process.stdout.write(`not JSON: ${secret}\n`);
      process.exit(1);
    }
    for (const message of messages) process.stdout.write(`${JSON.stringify(message)}\n`);
  });
}
