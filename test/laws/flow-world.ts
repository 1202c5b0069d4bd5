import type { JsonObject } from '../../src/base/json.ts';
import type { Assessment } from '../../src/flow/assessment.ts';
import { type FlowRun, openFlow } from '../../src/flow/flow-run.ts';
import type { PromptPart } from '../../src/model/prompt.ts';
import { type GovernedTool, pinTool, type Tool, toolName } from '../../src/model/tool.ts';
import { inferTool } from '../../src/policy/infer.ts';

const text = { type: 'string' };
const texts = { type: 'array', items: text };
const number = { type: 'number' };

/** A tool with nothing declared: effect, consequence and sinks as policy infers them. */
export function govern(name: string, properties: JsonObject, description = ''): GovernedTool {
  const tool: Tool = { server: 'acme', name, description, inputSchema: { type: 'object', properties } };
  const inferred = inferTool(tool);
  return {
    tool,
    name: toolName(tool),
    pin: pinTool(tool),
    effect: inferred.effect.value,
    consequence: inferred.consequence.value,
    declared: false,
    sinks: inferred.sinks.map(({ path, carries }) => ({ path, carries, declared: false })),
  };
}

/** An office, a chat, a travel agency, a shop and a code host, none of which exist. */
export const tools: ReadonlyMap<string, GovernedTool> = new Map(
  [
    govern('list_channels', {}),
    govern('read_channel', { channel: text }),
    govern('list_members_of_channel', { channel: text }),
    govern('read_direct_messages', { user: text }),
    govern('post_to_channel', { channel: text, body: text }),
    govern('send_direct_message', { recipient: text, body: text }),
    govern('invite_member', { user: text, email: text }),
    govern('add_member_to_channel', { user: text, channel: text }),
    govern('remove_member', { user: text }),
    govern('fetch_page', { url: text }),
    govern('publish_page', { url: text, content: text }),
    govern('list_hotels', { city: text }),
    govern('get_hotel_prices', { hotels: texts }),
    govern('get_hotel_ratings', { hotels: texts }),
    govern('list_restaurants', { city: text }),
    govern('book_hotel', { hotel: text, start_day: text, end_day: text }),
    govern('book_table', { restaurant: text, start_time: text }),
    govern('book_rental_car', { company: text, start_time: text, end_time: text }),
    govern('send_mail', {
      recipients: texts,
      subject: text,
      body: text,
      attachments: { type: 'array', items: { type: 'object', properties: { file_id: text } } },
    }),
    govern('search_mail', { query: text }),
    govern('delete_mail', { mail_id: text }),
    govern('search_contacts', { name: text }),
    govern('create_event', { title: text, start_time: text, end_time: text, participants: texts, location: text }),
    govern('search_events', { query: text }),
    govern('cancel_event', { event_id: text }),
    govern('reschedule_event', { event_id: text, new_start_time: text }),
    govern('list_files', {}),
    govern('read_file', { path: text }),
    govern('write_file', { path: text, content: text }),
    govern('delete_file', { file_id: text }),
    govern('move_file', { source_path: text, target_path: text }),
    govern('share_file', { file_id: text, email: text, permission: { enum: ['r', 'rw'] } }),
    govern('search_products', { query: text }),
    govern('add_to_cart', { product_id: text, quantity: number }),
    govern('checkout', { address: text, card_id: text }),
    govern('list_issues', { repository: text }),
    govern('create_issue', { repository: text, title: text, body: text }),
    govern('comment_on_issue', { repository: text, issue_id: number, body: text }),
    govern('close_issue', { repository: text, issue_id: number }),
    govern('list_transactions', {}),
    govern('transfer_money', { recipient: text, amount: number, subject: text }),
    govern('search_web', { query: text }),
    { ...govern('list_passwords', {}), yields: { secrecy: 'secret' } as const },
    govern('unlock_door', {}),
    govern('run_command', { command: text }),
    govern('set_password', { password: text }),
  ].map((tool) => [tool.tool.name, tool]),
);

export function toolOf(name: string): GovernedTool {
  const tool = tools.get(name);
  if (!tool) throw new Error(`no tool ${name}`);
  return tool;
}

/** A run, and its two verbs by tool name. Results are given as the text a tool would print. */
export function startRun(prompt: string | readonly PromptPart[], more: Partial<Parameters<typeof openFlow>[0]> = {}) {
  const parts = typeof prompt === 'string' ? [{ kind: 'user' as const, text: prompt }] : prompt;
  const pins = new Map([...tools.values()].map((tool) => [tool.name, tool.pin]));
  const run: FlowRun = openFlow({ prompt: parts, pins, ...more });
  const last = new Map<string, Assessment>();
  const assess = (name: string, args: JsonObject) => {
    const assessment = run.assess(toolOf(name), args);
    last.set(name, assessment);
    return { ...assessment, ...assessment.facts };
  };
  return {
    run,
    assess,
    verdict: (name: string, args: JsonObject) => assess(name, args).verdict,
    read: (name: string, args: JsonObject, result: unknown) => {
      const assessment = last.get(name);
      const taken = run.take(
        toolOf(name),
        args,
        { content: [{ type: 'text', text: typeof result === 'string' ? result : JSON.stringify(result) }] },
        assessment === undefined ? {} : { assessment },
      );
      Array.from(taken.index());
    },
  };
}
