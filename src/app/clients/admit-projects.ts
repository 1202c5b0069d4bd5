import { type ClientServer, describeServer, type FoundClients, type ReadClient } from './client.ts';
import { listPlaces } from './list-places.ts';
import { announcesSecret, carriesSecret } from './tell-secret.ts';

export interface Admitted {
  readonly found: FoundClients;
  readonly warnings: readonly string[];
}

/**
 * Leaves out the files that belong to the folder and not to the user, unless they are named: they come with a repository,
 * a client asks before it starts what they say, and the gateway would start it unasked. Either way people are shown
 * which programs that is about. `named`: real paths.
 */
export function admitProjects(found: FoundClients, named: ReadonlySet<string>): Admitted {
  const users = listPlaces(found.machine).filter(({ scope }) => scope === 'user');
  const isOwn = (place: ReadClient['place']) => place.scope === 'user' || users.some(({ path }) => path === place.path); // in the home folder, both are one
  const warnings: string[] = [];
  const clients = found.clients.filter(({ place, realPath, servers }) => {
    if (isOwn(place)) return true;
    const isNamed = named.has(realPath);
    if (servers.length > 0) warnings.push(isNamed ? tellNamed(place.path, servers) : tellLeft(place.path, servers));
    return isNamed;
  });
  const broken = found.broken.filter(({ place }) => isOwn(place) || named.has(place.path));
  return { found: { ...found, clients, broken }, warnings };
}

function tellNamed(path: string, servers: readonly ClientServer[]): string {
  return `${path} belongs to this folder, not to you; from now on these start without anybody being asked: ${list(servers)}`;
}

function tellLeft(path: string, servers: readonly ClientServer[]): string {
  return `${path} belongs to this folder, not to you, and is left alone; it says ${list(servers)}. If that may start unasked: chaperone init ${path}`;
}

function list(servers: readonly ClientServer[]): string {
  return servers.map((server) => `${describeServer(server)}: ${printProgram(server)}`).join('; ');
}

/** What a server's entry starts or calls, without what may be a secret. */
function printProgram({ entry }: ClientServer): string {
  const { command, args, url } = entry;
  if (typeof command !== 'string') return typeof url === 'string' ? hide(url) : 'no program';
  const words = [command, ...(Array.isArray(args) ? args : [])].filter((word) => typeof word === 'string');
  return words.map((word, i) => (announcesSecret(words[i - 1] ?? '') ? '********' : hide(word))).join(' ');
}

function hide(word: string): string {
  if (carriesSecret(word)) return '********';
  return /^[\w@%+=:,./~-]+$/.test(word) ? word : JSON.stringify(word);
}
