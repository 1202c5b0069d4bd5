/** An MCP server with a note to read and a note to write, for the laws about who may see what. */
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';

serveStdio(() => {
  const server = new McpServer({ name: 'notes', version: '1.0.0' });
  const note = { inputSchema: z.object({ note: z.string() }) };
  const echo = ({ note }: { note: string }) => ({ content: [{ type: 'text' as const, text: note }] });
  server.registerTool('read_note', { description: 'reads a note', ...note }, echo);
  server.registerTool('write_note', { description: 'writes a note', ...note }, echo);
  return server;
});
