import { systemClock } from '../../base/clock.ts';
import { Fault, toFault } from '../../base/fault.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { openRecord } from '../open-config.ts';
import { listHandled, printHandled } from '../people/list-handled.ts';
import type { Check } from './check.ts';

/** Names under which somebody else can come: whoever made the account lately, or issued a token that is still good. */
export async function checkHandled(loaded: LoadedConfig): Promise<readonly Check[]> {
  const name = 'handled';
  try {
    const record = await openRecord(loaded);
    try {
      const handled = await listHandled(record, loaded.manifest, systemClock.nowMs());
      if (handled.length === 0) return [{ name, state: 'ok', detail: 'nobody else holds what lets somebody in' }];
      return handled.map((each) => ({ name, state: 'warning', detail: printHandled(each) }));
    } finally {
      await record.close();
    }
  } catch (error) {
    if (error instanceof Fault && error.code === 'E_STORE_NONE') return [];
    const { code, message } = toFault(error, 'E_STORE', 'it cannot be read');
    return [{ name, state: 'failed', detail: `${code} ${message}` }];
  }
}
