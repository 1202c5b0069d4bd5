import { systemClock } from '../../base/clock.ts';
import { Fault, toFault } from '../../base/fault.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { openRecord } from '../open-config.ts';
import { judgeCanary, readCanary } from '../read-canary.ts';
import { readGateways } from '../read-gateways.ts';
import type { Check } from './check.ts';

/** Whether a call that nobody may make was denied when it was tried last. */
export async function checkCanary(loaded: LoadedConfig): Promise<readonly Check[]> {
  const name = 'canary';
  try {
    const record = await openRecord(loaded);
    try {
      const { pids } = await readGateways(loaded, record);
      const last = await readCanary(record, loaded.manifest.tenant);
      return [{ name, ...judgeCanary(loaded.manifest, last, pids.length > 0, systemClock.nowMs()) }];
    } finally {
      await record.close();
    }
  } catch (error) {
    if (error instanceof Fault && error.code === 'E_STORE_NONE') return [];
    const { code, message } = toFault(error, 'E_STORE', 'it cannot be read');
    return [{ name, state: 'failed', detail: `${code} ${message}` }];
  }
}
