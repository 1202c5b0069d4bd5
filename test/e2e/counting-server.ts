/** An MCP server whose one tool has an effect that can be counted: a line in a file, synced before it answers. */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';

const file = process.argv[2] ?? '';

serveStdio(() => {
  const server = new McpServer({ name: 'counter', version: '1.0.0' });
  server.registerTool('count_up', { description: 'adds a line', inputSchema: z.object({ n: z.int() }) }, ({ n }) => {
    const handle = openSync(file, 'a');
    writeSync(handle, `${n}\n`);
    fsyncSync(handle);
    closeSync(handle);
    return { content: [{ type: 'text', text: String(n) }] };
  });
  return server;
});
