import { toFault } from '../base/fault.ts';
import type { Tool } from '../model/tool.ts';
import type { ToolSource } from '../ports/tool-source.ts';
import type { Notify } from './notice.ts';

/** The tools of all servers as they are described now. A server that cannot say has none until it is asked again. */
export async function listTools(sources: readonly ToolSource[], notify: Notify): Promise<readonly Tool[]> {
  const lists = await Promise.all(
    sources.map(async (source) => {
      try {
        return await source.list();
      } catch (error) {
        const { code, message } = toFault(error, 'E_UPSTREAM_UNREACHABLE', 'it could not be listed');
        notify({ kind: 'error', message: `${code} server \`${source.server}\`: ${message}` });
        return [];
      }
    }),
  );
  return lists.flat();
}
