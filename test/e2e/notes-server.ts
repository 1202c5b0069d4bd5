/**
 * An MCP server with notes to read and to send. What it says of `read_note` stands in the file it is given, so that a
 * test can change it; what it did stands in a second file, one line each.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';

const [, , descriptionFile = '', doneFile = ''] = process.argv;
const text = (body: string) => ({ content: [{ type: 'text' as const, text: body }] });
const done = (what: string) => appendFileSync(doneFile, `${what}\n`);

serveStdio(() => {
  const server = new McpServer({ name: 'notes', version: '1.0.0' });
  const description = readFileSync(descriptionFile, 'utf8').trim();
  server.registerTool('read_note', { description, inputSchema: z.object({ id: z.string() }) }, ({ id }) =>
    text(`note ${id}`),
  );
  server.registerTool(
    'send_note',
    { description: 'sends a note', inputSchema: z.object({ to: z.string(), body: z.string() }) },
    ({ to }) => {
      done(`sent to ${to}`);
      return text(`sent to ${to}`);
    },
  );
  server.registerTool('erase_notes', { description: 'erases all notes', inputSchema: z.object({}) }, () => {
    done('erased');
    return text('erased');
  });
  server.registerTool(
    'count_slowly',
    { description: 'counts and says so', inputSchema: z.object({ to: z.int() }) },
    async ({ to }, { mcpReq }) => {
      const { signal, _meta: meta } = mcpReq;
      for (let i = 1; i <= to; i++) {
        if (signal.aborted) break;
        const progressToken = meta?.progressToken;
        if (progressToken !== undefined) {
          await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress: i, total: to } });
        }
        await wait(50, undefined, { signal }).catch(() => {});
      }
      done(signal.aborted ? 'cancelled' : `counted to ${to}`);
      return text(`counted to ${to}`);
    },
  );
  return server;
});
