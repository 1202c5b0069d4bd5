import type { LoadedConfig } from '../config/load-config.ts';
import { placeData } from '../data-folder.ts';
import type { Notify } from '../notice.ts';
import { listExposed } from './list-reserved.ts';

/** What of the gateway's own lies where a server works: its arguments are watched, the program itself is not. */
export function tellExposed(loaded: LoadedConfig, data: string, notify: Notify): void {
  const { warning } = placeData(loaded);
  for (const message of [...(warning === undefined ? [] : [warning]), ...listExposed(loaded, data)])
    notify({ kind: 'warning', message });
}
