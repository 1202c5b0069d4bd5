import { readFile, realpath, stat } from 'node:fs/promises';
import { Fault, toFault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import type { BrokenClient, ClientPlace, FoundClients, Machine, ReadClient } from './client.ts';
import { listPlaces } from './list-places.ts';
import { parseClientFile, readServers } from './read-servers.ts';

/**
 * Looks for the files in which MCP clients keep their servers, and reads them. A file that is not there is passed
 * over; one that cannot be read or understood is reported as broken. Two paths to one file count once.
 */
export async function findClients(machine: Machine): Promise<FoundClients> {
  const clients: ReadClient[] = [];
  const broken: BrokenClient[] = [];
  const seen = new Set<string>();
  for (const place of listPlaces(machine)) {
    try {
      const file = await readTextFile(place.path);
      if (!file || seen.has(file.realPath)) continue;
      seen.add(file.realPath);
      const servers = readServers(place, parseClientFile(place, file.text));
      clients.push({ place, ...file, servers });
    } catch (error) {
      broken.push({ place, fault: describeFailure(place, error) });
    }
  }
  return { machine, clients, broken };
}

/**
 * A text file's contents, exactly: encoding them again gives the same bytes. Undefined if there is no such file.
 * Throws a `Fault` E_CONFIG if it is no regular file or no UTF-8, E_LIMIT if it is too large.
 */
export async function readTextFile(path: string): Promise<{ realPath: string; text: string } | undefined> {
  let realPath: string;
  try {
    realPath = await realpath(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  const { size, ...kind } = await describeFile(realPath);
  if (!kind.regular) throw new Fault('E_CONFIG', `${path} is not a regular file`);
  if (size > limits.clientFileBytes) {
    throw new Fault('E_LIMIT', `${path} has ${size} bytes, more than the ${limits.clientFileBytes} that are read`);
  }
  const bytes = await readFile(realPath);
  try {
    return { realPath, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    throw new Fault('E_CONFIG', `${path} is not UTF-8 text`);
  }
}

async function describeFile(path: string): Promise<{ size: number; regular: boolean }> {
  const stats = await stat(path);
  return { size: stats.size, regular: stats.isFile() };
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code; // an error of the file system has a code
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function describeFailure(place: ClientPlace, error: unknown): Fault {
  const code = (error as NodeJS.ErrnoException).code; // an error of the file system has a code
  return toFault(error, 'E_CONFIG', `${place.path} cannot be read (${code ?? 'unknown reason'})`);
}
