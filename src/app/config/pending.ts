import { basename, dirname, join } from 'node:path';

/** Where it is listed which files beside a configuration are being replaced together. While it is there, none is read. */
export function pendingPath(configPath: string): string {
  return join(dirname(configPath), `.${basename(configPath)}-pending.json`);
}
