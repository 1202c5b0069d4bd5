/** An MCP server whose tool asks how much before it pays; what it paid stands in the file it is given, one line each. */
import { appendFileSync } from 'node:fs';
import { acceptedContent, createRequestStateCodec, inputRequired, McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';

const [, , doneFile = ''] = process.argv;
const codec = createRequestStateCodec<string>({ key: new Uint8Array(32).fill(3) });

serveStdio(() => {
  const server = new McpServer({ name: 'asking', version: '1.0.0' }, { requestState: { verify: codec.verify } });
  server.registerTool(
    'pay',
    { description: 'pays', inputSchema: z.object({ to: z.string() }) },
    async ({ to }, ctx) => {
      const amount = acceptedContent(ctx.mcpReq.inputResponses, 'amount')?.['amount'];
      if (typeof amount !== 'number' || ctx.mcpReq.requestState<string>() !== to) {
        const requestedSchema = { type: 'object' as const, properties: { amount: { type: 'number' as const } } };
        return inputRequired({
          inputRequests: { amount: inputRequired.elicit({ message: 'How much?', requestedSchema }) },
          requestState: await codec.mint(to),
        });
      }
      appendFileSync(doneFile, `${to} ${amount}\n`);
      return { content: [{ type: 'text', text: `paid ${amount} to ${to}` }] };
    },
  );
  return server;
});
