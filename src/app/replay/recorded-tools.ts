import type { Manifest } from '../../model/manifest.ts';
import type { Tool } from '../../model/tool.ts';
import type { Store } from '../../ports/store.ts';
import { parseOptions } from '../host-server.ts';
import { readRecorded, toolSchema } from './recorded-shapes.ts';

/**
 * The tools of a manifest's servers as they were reviewed: what rules are checked against without asking the servers.
 *
 * @throws Fault E_STORE_CORRUPT where a description is not what was written; E_STORE.
 */
export async function recordedTools(record: Pick<Store, 'listPins'>, manifest: Manifest): Promise<readonly Tool[]> {
  const servers = [...Object.keys(manifest.servers), ...parseOptions.hostServers];
  const pins = await Promise.all(servers.map((server) => record.listPins(server)));
  return pins
    .flat()
    .map(({ tool, descriptor }) => readRecorded(toolSchema, descriptor, `the description of \`${tool}\``));
}
