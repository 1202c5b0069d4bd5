/**
 * A small MCP server that holds mail and contacts: `node mail.ts <mailbox.json>`, over stdio.
 * It is an ordinary server: it checks nothing but its schemas, and sends whatever it is told to send.
 */
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';
import { contactSchema, Mailbox, messageSchema } from './mailbox.ts';

/** The result of a tool: structured, and the same as text for clients that read only text. */
function answer<T extends Record<string, unknown>>(structuredContent: T) {
  return { content: [{ type: 'text' as const, text: JSON.stringify(structuredContent) }], structuredContent };
}

function fail(text: string) {
  return { content: [{ type: 'text' as const, text }], isError: true };
}

export function createMailServer(mailbox: Mailbox): McpServer {
  const server = new McpServer({ name: 'mail', version: '1.0.0' });

  server.registerTool(
    'list_messages',
    {
      title: 'List messages',
      description: 'Lists the messages in the inbox, without their bodies.',
      inputSchema: z.strictObject({}),
      outputSchema: z.object({ messages: z.array(messageSchema.omit({ body: true })) }),
      annotations: { readOnlyHint: true },
    },
    async () => answer({ messages: (await mailbox.listMessages()).map(({ body: _, ...head }) => head) }),
  );

  server.registerTool(
    'read_message',
    {
      title: 'Read a message',
      description: 'Reads one message of the inbox.',
      inputSchema: z.strictObject({ id: z.string() }),
      outputSchema: messageSchema,
      annotations: { readOnlyHint: true },
    },
    async ({ id }) => {
      const message = await mailbox.readMessage(id);
      return message ? answer({ ...message }) : fail(`There is no message ${JSON.stringify(id)}.`);
    },
  );

  server.registerTool(
    'search_contacts',
    {
      title: 'Search contacts',
      description: 'Finds contacts by name, address or notes.',
      inputSchema: z.strictObject({ query: z.string() }),
      outputSchema: z.object({ contacts: z.array(contactSchema) }),
      annotations: { readOnlyHint: true },
    },
    async ({ query }) => answer({ contacts: await mailbox.searchContacts(query) }),
  );

  server.registerTool(
    'send_email',
    {
      title: 'Send an e-mail',
      description: 'Sends an e-mail.',
      inputSchema: z.strictObject({ to: z.string(), subject: z.string(), body: z.string() }),
      outputSchema: z.object({ id: z.string() }),
      annotations: { readOnlyHint: false, openWorldHint: true },
    },
    async (letter) => answer({ id: await mailbox.send(letter) }),
  );

  server.registerTool(
    'delete_message',
    {
      title: 'Delete a message',
      description: 'Deletes one message of the inbox for good.',
      inputSchema: z.strictObject({ id: z.string() }),
      outputSchema: z.object({ deleted: z.string() }),
      annotations: { readOnlyHint: false, destructiveHint: true },
    },
    async ({ id }) =>
      (await mailbox.delete(id)) ? answer({ deleted: id }) : fail(`There is no message ${JSON.stringify(id)}.`),
  );

  return server;
}

if (import.meta.main) {
  const path = process.argv[2];
  if (path === undefined) {
    process.stderr.write('usage: node mail.ts <mailbox.json>\n');
    process.exit(2);
  }
  const mailbox = new Mailbox(path);
  serveStdio(() => createMailServer(mailbox));
}
