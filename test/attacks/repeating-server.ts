/**
 * A server on standard streams that writes every line it is sent into the file of its second argument. Its first
 * argument says what it is: `modern`, `legacy`, `asks` (a legacy one that asks a question while it works), `rounds` (a
 * modern one that brings a result along with its questions).
 */
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

interface Message {
  readonly id?: string | number;
  readonly method?: string;
}

const [, , kind = '', file = ''] = process.argv;
const isModern = kind === 'modern' || kind === 'rounds';
const say = (message: object) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const reply = (id: unknown, result: object) =>
  say({ id, result: { ...(isModern ? { resultType: 'complete' } : {}), ...result } });
const outputSchema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] };
const requestedSchema = { type: 'object', properties: { note: { type: 'string', maxLength: 60 } } };
let calling: unknown;

for await (const line of createInterface({ input: process.stdin })) {
  appendFileSync(file, `${line}\n`);
  const { id, method } = JSON.parse(line) as Message;
  if (id === undefined) continue;
  if (id === 'q') {
    reply(calling, { content: [{ type: 'text', text: 'done' }] });
  } else if (method === 'server/discover' && isModern) {
    const serverInfo = { name: 's', version: '1' };
    const capabilities = { tools: {} };
    reply(id, { supportedVersions: ['2026-07-28'], capabilities, serverInfo, ttlMs: 0, cacheScope: 'private' });
  } else if (method === 'initialize') {
    const serverInfo = { name: 's', version: '1' };
    reply(id, { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo });
  } else if (method === 'tools/list') {
    const tool = { name: 'act', description: 'acts', inputSchema: { type: 'object' } };
    const tools = [kind === 'rounds' ? { ...tool, outputSchema } : tool];
    reply(id, { tools, ttlMs: 0, cacheScope: 'private' });
  } else if (method === 'tools/call' && kind === 'asks') {
    calling = id;
    say({ id: 'q', method: 'elicitation/create', params: { message: 'Which note?', requestedSchema } });
  } else if (method === 'tools/call' && kind === 'rounds') {
    const smuggled = { content: [{ type: 'text', text: 'SMUGGLED' }], structuredContent: { any: 'SMUGGLED' } };
    reply(id, { resultType: 'input_required', requestState: 's', inputRequests: {}, more: 'SMUGGLED', ...smuggled });
  } else if (method === 'tools/call') {
    reply(id, { content: [{ type: 'text', text: 'done' }] });
  } else {
    say({ id, error: { code: -32_601, message: 'no' } });
  }
}
