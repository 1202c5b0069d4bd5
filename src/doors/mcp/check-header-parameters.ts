import { isJsonObject, type JsonObject } from '../../base/json.ts';
import {
  type HeaderParameter,
  headerMatches,
  listHeaderParameters,
  readHeaderArgument,
} from '../../model/mcp-header.ts';
import { type DoorAnswer, fail } from './client.ts';
import { type DoorState, viewOf } from './door-state.ts';
import type { McpCaller } from './gate.ts';

const parameters = new WeakMap<JsonObject, readonly HeaderParameter[]>();

/** What is wrong if a header that a tool's schema asks for is missing or does not say what the body says. */
export async function checkHeaderParameters(
  door: DoorState,
  caller: McpCaller,
  { name, arguments: args }: JsonObject,
  headers: Headers,
): Promise<DoorAnswer | undefined> {
  if (typeof name !== 'string' || !isJsonObject(args)) return undefined;
  const tool = (await viewOf(door, caller)).names.find(name);
  if (tool === undefined) return undefined;
  let declared = parameters.get(tool.inputSchema);
  if (declared === undefined) {
    declared = listHeaderParameters(tool.inputSchema) ?? [];
    parameters.set(tool.inputSchema, declared);
  }
  for (const parameter of declared) {
    const argument = readHeaderArgument(args, parameter.path);
    if (argument === undefined) continue;
    const header = headers.get(parameter.header);
    if (header === null) return fail(-32_020, `Bad Request: the ${parameter.header} header is missing`);
    if (!headerMatches(parameter, header.trim(), argument)) {
      return fail(-32_020, `Bad Request: the ${parameter.header} header differs from the body`);
    }
  }
  return undefined;
}
