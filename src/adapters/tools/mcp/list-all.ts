import { Fault } from '../../../base/fault.ts';
import { isJsonObject, type JsonObject } from '../../../base/json.ts';
import { limits } from '../../../base/limits.ts';
import type { McpListKind } from '../../../ports/mcp-upstream.ts';
import type { Connection } from './connection.ts';

const LISTS: Readonly<
  Record<McpListKind, { readonly method: string; readonly member: string; readonly capability: string }>
> = {
  tools: { method: 'tools/list', member: 'tools', capability: 'tools' },
  resources: { method: 'resources/list', member: 'resources', capability: 'resources' },
  templates: { method: 'resources/templates/list', member: 'resourceTemplates', capability: 'resources' },
  prompts: { method: 'prompts/list', member: 'prompts', capability: 'prompts' },
};

/** Every page of a list. A list over the limit or that never ends is a fault, not a part of a list. */
export async function listAll(
  connection: Connection,
  kind: McpListKind,
  timeoutMs: number,
): Promise<readonly JsonObject[]> {
  const { method, member, capability } = LISTS[kind];
  if (!isJsonObject(connection.negotiated.capabilities[capability])) return [];
  const signal = AbortSignal.timeout(timeoutMs);
  const items: JsonObject[] = [];
  const seen = new Set<string>();
  let cursor: string | undefined;
  do {
    const reply = await connection.ask({ method, params: cursor === undefined ? {} : { cursor }, signal });
    if (reply.kind === 'error') {
      // A server that offers resources need not have templates.
      if (kind === 'templates' && reply.error.code === -32_601) return [];
      throw new Fault('E_UPSTREAM_FAILED', `\`${method}\` failed with code ${reply.error.code}`);
    }
    if (reply.kind === 'failure')
      throw new Fault('E_UPSTREAM_UNREACHABLE', `\`${method}\` failed`, { cause: reply.failure });
    const page = reply.result[member];
    if (!Array.isArray(page) || !page.every(isJsonObject)) {
      throw new Fault('E_UPSTREAM_FAILED', `the answer to \`${method}\` has no list of objects`);
    }
    items.push(...page);
    if (items.length > limits.toolsPerServer) {
      throw new Fault('E_UPSTREAM_FAILED', `\`${method}\` lists more than ${limits.toolsPerServer} entries`);
    }
    const next = reply.result['nextCursor'];
    cursor = typeof next === 'string' && next !== '' ? next : undefined;
    if (cursor !== undefined && seen.has(cursor)) throw new Fault('E_UPSTREAM_FAILED', `\`${method}\` goes in circles`);
    if (cursor !== undefined) seen.add(cursor);
  } while (cursor !== undefined);
  return items;
}
