import { expect, it } from 'vitest';
import type { Tool } from '../../model/tool.ts';
import { mcpCallables } from '../../ports/mcp-upstream.ts';
import { traceOfRequest } from './trace-of-request.ts';

const over = { version: '2026-07-28', transport: 'tcp', requestId: '1' } as const;
const tool = (name: string): Tool => ({ server: 'mail', name, description: '', inputSchema: { type: 'object' } });

it.each([
  ['read_note', 'tools/call', 'read_note'],
  [mcpCallables.getPrompt, 'prompts/get', 'read_note'],
  [mcpCallables.readResource, 'resources/read', undefined],
  [mcpCallables.complete, 'completion/complete', undefined],
])('a request for `%s` is `%s` of what it names, where a name means something', (name, method, target) => {
  const { via } = traceOfRequest(tool(name), { name: 'read_note' }, over, 5);
  expect(via).toEqual({ ...over, method, atMs: 5, ...(target === undefined ? {} : { target }) });
});
