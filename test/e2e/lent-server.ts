/**
 * A server that uses a key that it was lent: `KEY` of its environment, at the address of `API`. Its tool `use` says what
 * came of it, and repeats the key. `WHO` is told with it, so that a test sees which process answered.
 */
import { createInterface } from 'node:readline';

interface Message {
  readonly id?: string | number;
  readonly method: string;
  readonly params?: { readonly name?: string; readonly arguments?: { readonly waitMs?: number } };
}

const { KEY = '', API = '' } = process.env;
const say = (body: object) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...body })}\n`);

async function use(waitMs: number): Promise<string> {
  await fetch(API, { headers: { authorization: `Bearer ${KEY}` } });
  await new Promise((resolve) => setTimeout(resolve, waitMs));
  const { status } = await fetch(API, { headers: { authorization: `Bearer ${KEY}` } });
  return `${status} by ${process.pid} with ${KEY}`;
}

createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id, method, params = {} } = JSON.parse(line) as Message;
  if (id === undefined) return;
  const result = (body: object) => say({ id, result: body });
  if (method === 'initialize')
    result({ protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'lent', version: '1' } });
  else if (method === 'tools/list')
    result({
      tools: [
        {
          name: 'use',
          description: 'uses its key',
          inputSchema: { type: 'object', properties: { waitMs: { type: 'integer' } } },
        },
      ],
    });
  else if (method === 'tools/call')
    result({ content: [{ type: 'text', text: await use(params.arguments?.waitMs ?? 0) }] });
  else say({ id, error: { code: -32_601, message: `no ${method}` } });
});
