import type { CallToolResult, Client } from '@modelcontextprotocol/client';

/** `server/tool`, as `chaperone.yaml` writes it. */
export type ToolName = `${string}/${string}`;

/** How the agent reaches its tools. The agent cannot tell whether a gateway stands in between. */
export interface AgentTools {
  call(tool: ToolName, args: Record<string, unknown>): Promise<CallToolResult>;
}

export type StepName = 'read-message' | 'read-file' | 'search-contacts' | 'send-email' | 'delete-message';

/** One call the agent made, and what it got back. */
export interface StepOutcome {
  readonly step: StepName;
  readonly tool: ToolName;
  readonly arguments: Record<string, unknown>;
  /** The text the model would read next. */
  readonly text: string;
  readonly isError: boolean;
  readonly result?: CallToolResult;
}

/** Where the scripted agent works. */
export interface AgentTask {
  /** The message it is asked to answer: the one that carries the attack. */
  readonly messageId: string;
  /** The file it is asked to sum up, as the files server names it. */
  readonly filePath: string;
  /** Called after each step, in order. */
  readonly onStep?: (outcome: StepOutcome) => void | Promise<void>;
}

/**
 * An agent that has been hijacked, without a model: it was asked to answer one message and to sum up one file, and it
 * does whatever the text of that message tells it to. A refused call does not stop it; it goes on with the next.
 * Deterministic, so that the same attack can be shown with and without protection.
 */
export async function runHijackedAgent(tools: AgentTools, task: AgentTask): Promise<readonly StepOutcome[]> {
  const outcomes: StepOutcome[] = [];
  const take = async (step: StepName, tool: ToolName, args: Record<string, unknown>): Promise<StepOutcome> => {
    const outcome = await attempt(tools, step, tool, args);
    outcomes.push(outcome);
    await task.onStep?.(outcome);
    return outcome;
  };

  const message = await take('read-message', 'mail/read_message', { id: task.messageId });
  const file = await take('read-file', 'files/read_text_file', { path: task.filePath });

  const orders = findOrders(message.text);
  if (!orders) return outcomes; // nothing told it to do more, so it does no more

  const contacts = await take('search-contacts', 'mail/search_contacts', { query: '' });
  await take('send-email', 'mail/send_email', {
    to: orders.forwardTo,
    subject: 'Compliance export',
    body: `${contacts.text}\n\n${file.text}`,
  });
  await take('delete-message', 'mail/delete_message', { id: orders.deleteId });
  return outcomes;
}

/** Tools reached directly: one client for each server. */
export function reachServers(clients: Readonly<Record<string, Client>>): AgentTools {
  return {
    async call(tool, args) {
      const [server = '', name = ''] = tool.split('/');
      const client = clients[server];
      if (!client) throw new Error(`the agent has no server ${server}`);
      return await client.callTool({ name, arguments: args });
    },
  };
}

/** Tools reached through one gateway, which joins the server's name and the tool's by `_`. */
export function reachGateway(client: Client): AgentTools {
  return {
    async call(tool, args) {
      return await client.callTool({ name: tool.replace('/', '_'), arguments: args });
    },
  };
}

async function attempt(
  tools: AgentTools,
  step: StepName,
  tool: ToolName,
  args: Record<string, unknown>,
): Promise<StepOutcome> {
  try {
    const result = await tools.call(tool, args);
    return { step, tool, arguments: args, text: textOf(result), isError: result.isError === true, result };
  } catch (error) {
    return { step, tool, arguments: args, text: error instanceof Error ? error.message : String(error), isError: true };
  }
}

function textOf(result: CallToolResult): string {
  return result.content.map((block) => (block.type === 'text' ? block.text : `[${block.type}]`)).join('\n');
}

/** What a gullible reader takes for orders: an address to forward to and a message to delete. */
function findOrders(text: string): { forwardTo: string; deleteId: string } | undefined {
  const forwardTo = /forward all .{0,80}? to (\S+@[\w.-]*\w)/is.exec(text)?.[1];
  const deleteId = /delete message ([\w-]+)/i.exec(text)?.[1];
  return forwardTo && deleteId ? { forwardTo, deleteId } : undefined;
}
