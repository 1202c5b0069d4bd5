import type { Manifest } from '../../model/manifest.ts';
import type { Tool } from '../../model/tool.ts';
import type { Store } from '../../ports/store.ts';
import { parseOptions } from '../gateway.ts';

/** The tools of a manifest's servers as they were reviewed: what rules are checked against without asking the servers. */
export async function recordedTools(record: Pick<Store, 'listPins'>, manifest: Manifest): Promise<readonly Tool[]> {
  const servers = [...Object.keys(manifest.servers), ...parseOptions.hostServers];
  const pins = await Promise.all(servers.map((server) => record.listPins(server)));
  return pins.flat().map(({ descriptor }) => descriptor as unknown as Tool); // what `describeTool` wrote from tools
}
