import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts';
import type { RpcId, RpcNotification } from '../../model/json-rpc.ts';
import { type DoorAnswer, invalidParams, type McpClient } from './client.ts';
import { describeGateway } from './describe-gateway.ts';
import { type DoorState, viewOf } from './door-state.ts';
import { followLists } from './follow-lists.ts';
import { isListed } from './offers.ts';
import { META } from './protocol.ts';
import { shapeResult } from './shape-result.ts';

const RESOURCES_PER_SUBSCRIPTION = 256;
const LISTS = {
  'notifications/tools/list_changed': 'toolsListChanged',
  'notifications/resources/list_changed': 'resourcesListChanged',
  'notifications/prompts/list_changed': 'promptsListChanged',
} as const;
const CAPABILITY = {
  toolsListChanged: 'tools',
  resourcesListChanged: 'resources',
  promptsListChanged: 'prompts',
} as const;

export interface Subscription {
  /** The answer that ends the stream in good order. */
  readonly goodbye: DoorAnswer;
  /** Whether anything can ever arrive. */
  readonly idle: boolean;
  stop(): void;
}

/**
 * Opens a modern client's stream of changes: says first what of the wish is granted, then sends what happens, each
 * message marked with the id of the request that opened it. An answer means that the request is not valid.
 */
export async function openSubscription(
  door: DoorState,
  client: McpClient,
  id: RpcId,
  params: JsonObject,
  send: (message: RpcNotification) => void,
): Promise<Subscription | DoorAnswer> {
  const wish = params['notifications'];
  if (!isJsonObject(wish)) return invalidParams('`notifications` is not an object');
  const granted = await grant(door, client, wish);
  const notify = (method: string, body: JsonObject) =>
    send({ jsonrpc: '2.0', method, params: { ...body, _meta: { [META.subscription]: id } } });
  notify('notifications/subscriptions/acknowledged', { notifications: granted });

  const stops = [
    followLists(door, (change) => {
      if (granted[LISTS[change]] === true) notify(change, {});
    }),
  ];
  const uris = granted['resourceSubscriptions'];
  for (const uri of Array.isArray(uris) ? uris : []) {
    if (typeof uri !== 'string') continue;
    stops.push(await watch(door, client, uri, () => notify('notifications/resources/updated', { uri })));
  }
  return {
    goodbye: { ok: true, result: shapeResult('modern', { _meta: { [META.subscription]: id } }) },
    idle: Object.keys(granted).length === 0,
    stop: () => {
      for (const stop of stops) stop();
    },
  };
}

/** What of the wish the servers behind can fulfil for this caller. */
async function grant(door: DoorState, client: McpClient, wish: JsonObject): Promise<JsonObject> {
  const { capabilities } = await describeGateway(door, client.caller);
  const offers = (name: string, feature: string) => {
    const capability = capabilities[name];
    return isJsonObject(capability) && capability[feature] === true;
  };
  const granted: Record<string, JsonValue> = {};
  for (const [wished, capability] of Object.entries(CAPABILITY)) {
    if (wish[wished] === true && offers(capability, 'listChanged')) granted[wished] = true;
  }
  const uris = wish['resourceSubscriptions'];
  if (Array.isArray(uris) && offers('resources', 'subscribe')) {
    const { readers } = await viewOf(door, client.caller);
    const listed: string[] = [];
    for (const uri of new Set(uris.slice(0, RESOURCES_PER_SUBSCRIPTION))) {
      // Only what a server lists: a made-up URI would carry its text to the server past every rule.
      if (typeof uri === 'string' && (await isListed(door, readers, uri))) listed.push(uri);
    }
    if (listed.length > 0) granted['resourceSubscriptions'] = listed;
  }
  return granted;
}

async function watch(door: DoorState, client: McpClient, uri: string, onUpdated: () => void): Promise<() => void> {
  const { readers } = await viewOf(door, client.caller);
  for (const [server, reader] of readers) {
    const upstream = door.upstreams.get(server);
    if (!upstream || !(await isListed(door, new Map([[server, reader]]), uri))) continue;
    try {
      return await upstream.watch(client.peer, uri, onUpdated);
    } catch (problem) {
      door.onProblem(problem);
    }
  }
  return () => {};
}
