import { isJsonObject, type JsonObject } from '../../base/json.ts';
import type { Tool } from '../../model/tool.ts';
import type { McpEra } from '../../ports/mcp-upstream.ts';
import { callThrough, callUnknown, type Shape } from './call.ts';
import { type Channel, type DoorAnswer, fail, invalidParams, type McpClient, methodNotFound } from './client.ts';
import { describeGateway } from './describe-gateway.ts';
import { type DoorState, viewOf } from './door-state.ts';
import { exposePrompts, findPrompt, findResource, listResources } from './offers.ts';
import { LEGACY_VERSIONS, MODERN_VERSION } from './protocol.ts';
import { shapeCacheable, shapeCompletion, shapePrompt, shapeResource, shapeToolResult } from './shape-result.ts';

export interface Inbound {
  readonly method: string;
  readonly params: JsonObject;
}

type Answerer = (door: DoorState, client: McpClient, params: JsonObject, channel: Channel) => Promise<DoorAnswer>;

const LIST_TTL_MS = 60_000;

/** Methods both eras have. What belongs to a session or a stream is answered where those are kept. */
const METHODS: Readonly<Record<string, Answerer>> = {
  'tools/list': listTools,
  'tools/call': callTool,
  'resources/list': (door, client) => listOf(door, client, 'resources', 'resources'),
  'resources/templates/list': (door, client) => listOf(door, client, 'templates', 'resourceTemplates'),
  'resources/read': readResource,
  'prompts/list': listPrompts,
  'prompts/get': getPrompt,
  'completion/complete': complete,
};

/** Answers one request of a client. Never rejects. */
export async function answerRequest(
  door: DoorState,
  client: McpClient,
  { method, params }: Inbound,
  channel: Channel,
): Promise<DoorAnswer> {
  try {
    if (client.era === 'modern' && method === 'server/discover') return await discover(door, client);
    if (client.era === 'legacy' && method === 'ping') return { ok: true, result: {} };
    const answer = Object.hasOwn(METHODS, method) ? METHODS[method] : undefined;
    return answer === undefined ? methodNotFound : await answer(door, client, params, channel);
  } catch (problem) {
    door.onProblem(problem);
    return fail(-32_603, 'Internal error');
  }
}

/** Whether a request of this method may be answered at all: what an era does not have is refused before anything else. */
export function knowsMethod(era: McpEra, method: string): boolean {
  if (Object.hasOwn(METHODS, method)) return true;
  return era === 'modern' ? method === 'server/discover' || method === 'subscriptions/listen' : LEGACY_ONLY.has(method);
}

const LEGACY_ONLY = new Set(['ping', 'initialize', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe']);

async function discover(door: DoorState, client: McpClient): Promise<DoorAnswer> {
  const { capabilities } = await describeGateway(door, client.caller);
  const body = { supportedVersions: [MODERN_VERSION, ...LEGACY_VERSIONS], capabilities };
  return { ok: true, result: shapeCacheable('modern', body, LIST_TTL_MS) };
}

async function listTools(door: DoorState, client: McpClient): Promise<DoorAnswer> {
  const { listed } = await viewOf(door, client.caller);
  return { ok: true, result: shapeCacheable(client.era, { tools: listed }, LIST_TTL_MS) };
}

async function callTool(door: DoorState, client: McpClient, params: JsonObject, channel: Channel): Promise<DoorAnswer> {
  const { name, arguments: args = {} } = params;
  if (typeof name !== 'string') return invalidParams('`name` is not a string');
  if (!isJsonObject(args)) return invalidParams('`arguments` is not an object');
  const view = await viewOf(door, client.caller);
  const tool = view.names.find(name);
  if (tool === undefined) {
    await callUnknown(door, client, name, args);
    return invalidParams('there is no such tool');
  }
  return callThrough(door, client, tool, args, params, channel, shapeAs(shapeToolResult, client.era));
}

async function listOf(
  door: DoorState,
  client: McpClient,
  kind: 'resources' | 'templates',
  member: string,
): Promise<DoorAnswer> {
  const { readers } = await viewOf(door, client.caller);
  if (readers.size === 0) return methodNotFound;
  const items = await listResources(door, readers, kind);
  return { ok: true, result: shapeCacheable(client.era, { [member]: items }, LIST_TTL_MS) };
}

async function readResource(
  door: DoorState,
  client: McpClient,
  params: JsonObject,
  channel: Channel,
): Promise<DoorAnswer> {
  const { uri } = params;
  if (typeof uri !== 'string') return invalidParams('`uri` is not a string');
  const { readers } = await viewOf(door, client.caller);
  if (readers.size === 0) return methodNotFound;
  const reader = await findResource(door, readers, uri);
  if (reader === undefined) return resourceNotFound(client.era, uri);
  return callThrough(door, client, reader, { uri }, params, channel, shapeAs(shapeResource, client.era));
}

function resourceNotFound(era: McpEra, uri: string): DoorAnswer {
  return fail(era === 'modern' ? -32_602 : -32_002, 'Resource not found', { data: { uri } });
}

async function listPrompts(door: DoorState, client: McpClient): Promise<DoorAnswer> {
  const { prompters } = await viewOf(door, client.caller);
  if (prompters.size === 0) return methodNotFound;
  const { entries } = await exposePrompts(door, prompters);
  const prompts = entries.map(([exposed, { item }]) => ({ ...item, name: exposed }));
  return { ok: true, result: shapeCacheable(client.era, { prompts }, LIST_TTL_MS) };
}

async function getPrompt(
  door: DoorState,
  client: McpClient,
  params: JsonObject,
  channel: Channel,
): Promise<DoorAnswer> {
  const { name, arguments: given } = params;
  if (typeof name !== 'string') return invalidParams('`name` is not a string');
  const { prompters } = await viewOf(door, client.caller);
  if (prompters.size === 0) return methodNotFound;
  const found = await findPrompt(door, prompters, name);
  if (found === undefined) return invalidParams('there is no such prompt');
  const args: JsonObject = { name: found.name, ...(given === undefined ? {} : { arguments: given }) };
  return callThrough(door, client, found.via, args, params, channel, shapeAs(shapePrompt, client.era));
}

async function complete(door: DoorState, client: McpClient, params: JsonObject, channel: Channel): Promise<DoorAnswer> {
  const { ref, argument, context } = params;
  if (!isJsonObject(ref) || !isJsonObject(argument)) return invalidParams('`ref` or `argument` is not an object');
  const view = await viewOf(door, client.caller);
  if (view.completers.size === 0) return methodNotFound;
  const target = await findCompleted(door, view.completers, ref);
  if (target === undefined) return invalidParams('`ref` names nothing that is offered');
  const args: JsonObject = { ref: target.ref, argument, ...(context === undefined ? {} : { context }) };
  return callThrough(door, client, target.via, args, params, channel, shapeAs(shapeCompletion, client.era));
}

async function findCompleted(
  door: DoorState,
  completers: ReadonlyMap<string, Tool>,
  ref: JsonObject,
): Promise<{ readonly via: Tool; readonly ref: JsonObject } | undefined> {
  const { type, name, uri } = ref;
  if (type === 'ref/prompt' && typeof name === 'string') {
    const found = await findPrompt(door, completers, name);
    return found && { via: found.via, ref: { type, name: found.name } };
  }
  if (type === 'ref/resource' && typeof uri === 'string') {
    const via = await findResource(door, completers, uri);
    return via && { via, ref: { type, uri } };
  }
  return undefined;
}

function shapeAs(shape: (era: McpEra, ...rest: Parameters<Shape>) => JsonObject, era: McpEra): Shape {
  return (result) => shape(era, result);
}
