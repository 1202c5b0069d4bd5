import type { JsonObject } from '../../base/json.ts';
import type { Tool } from '../../model/tool.ts';
import type { DoorState } from './door-state.ts';
import { exposeNames, type NameTable } from './exposed-names.ts';
import { matchesTemplate } from './match-template.ts';

/** What stands in for something on each server that offers it. */
export type StandIns = ReadonlyMap<string, Tool>;

interface ListedPrompt {
  readonly server: string;
  readonly name: string;
  readonly item: JsonObject;
}

/** The prompts of all servers, each under its exposed name. */
export async function exposePrompts(door: DoorState, via: StandIns): Promise<NameTable<ListedPrompt>> {
  const lists = await Promise.all(
    [...via.keys()].map(async (server) => {
      const items = await door.listings.list(server, 'prompts');
      return items.flatMap((item) => (typeof item['name'] === 'string' ? [{ server, name: item['name'], item }] : []));
    }),
  );
  return exposeNames(lists.flat());
}

/** Where a prompt is got, and its name there. With one server every name leads to it, listed or not. */
export async function findPrompt(
  door: DoorState,
  via: StandIns,
  name: string,
): Promise<{ readonly via: Tool; readonly name: string } | undefined> {
  const only = onlyOne(via);
  if (only) return { via: only, name };
  const found = (await exposePrompts(door, via)).find(name);
  const tool = found && via.get(found.server);
  return found && tool && { via: tool, name: found.name };
}

/** Everything all servers list. A URI that several list is shown by none: it could not be said which is meant. */
export async function listResources(
  door: DoorState,
  via: StandIns,
  kind: 'resources' | 'templates',
): Promise<readonly JsonObject[]> {
  const key = kind === 'resources' ? 'uri' : 'uriTemplate';
  const lists = await Promise.all([...via.keys()].map((server) => door.listings.list(server, kind)));
  const owners = new Map<unknown, number>();
  for (const items of lists) {
    for (const uri of new Set(items.map((item) => item[key]))) owners.set(uri, (owners.get(uri) ?? 0) + 1);
  }
  return lists.flat().filter((item) => owners.get(item[key]) === 1);
}

/**
 * The server a URI is read from: the only one there is, the only one that lists it, or else the only one with a
 * template for it. Where more than one could be meant, none is.
 */
export async function findResource(door: DoorState, via: StandIns, uri: string): Promise<Tool | undefined> {
  const only = onlyOne(via);
  if (only) return only;
  const listing = await owners(door, via, 'resources', (item) => item['uri'] === uri || item['uriTemplate'] === uri);
  if (listing.length > 0) return listing.length === 1 ? listing[0] : undefined;
  const fitting = await owners(door, via, 'templates', ({ uriTemplate }) => {
    return typeof uriTemplate === 'string' && (uriTemplate === uri || matchesTemplate(uriTemplate, uri));
  });
  return fitting.length === 1 ? fitting[0] : undefined;
}

/** Whether a server that offers resources lists this very one. */
export async function isListed(door: DoorState, via: StandIns, uri: string): Promise<boolean> {
  const found = await findResource(door, via, uri);
  const items = found ? await door.listings.list(found.server, 'resources') : [];
  return items.some((item) => item['uri'] === uri);
}

async function owners(
  door: DoorState,
  via: StandIns,
  kind: 'resources' | 'templates',
  fits: (item: JsonObject) => boolean,
): Promise<readonly Tool[]> {
  const found = await Promise.all(
    [...via].map(async ([server, tool]) => ((await door.listings.list(server, kind)).some(fits) ? [tool] : [])),
  );
  return found.flat();
}

function onlyOne(via: StandIns): Tool | undefined {
  if (via.size !== 1) return undefined;
  const [only] = via.values();
  return only;
}
