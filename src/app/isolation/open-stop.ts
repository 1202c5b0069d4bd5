import { resolve } from 'node:path';
import { openSqliteStore } from '../../adapters/stores/sqlite/open-sqlite-store.ts';
import { openFileSwitch } from '../../adapters/switches/files/open-file-switch.ts';
import { systemClock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import type { IsolationScope } from '../../model/isolation.ts';
import type { Actor } from '../../runtime/isolation.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { dataFolder, makeFolder } from '../data-folder.ts';
import { openStore } from '../open-store.ts';
import { type Stopped, stop, switchFor } from './stop.ts';
import type { StopBase } from './stop-base.ts';
import { throwSwitch } from './switch-files.ts';

/** What stops beside a gateway, running or not. Throws a `Fault` where the store cannot be opened in time. */
export async function openStopBase(loaded: LoadedConfig): Promise<StopBase & AsyncDisposable> {
  const data = dataFolder(loaded);
  await makeFolder(data);
  const inner = await openSqliteStore({ path: resolve(data, 'store.db'), timeoutMs: limits.stopStoreMs });
  const store = await openStore(data, systemClock, inner).catch(async (error: unknown) => {
    await inner.close();
    throw error;
  });
  return {
    store,
    data,
    clock: systemClock,
    stopSwitch: openFileSwitch(data),
    manifest: () => loaded.manifest,
    [Symbol.asyncDispose]: () => store.close(),
  };
}

/** Stopped through the store, or, where that did not answer, by a file. */
export type Halt =
  | { readonly by: 'store'; readonly stopped: Stopped }
  | { readonly by: 'file'; readonly file: string; readonly fault: Fault | undefined };

/**
 * Stops a scope whatever state the gateway is in. A file that every gateway looks at before each call comes first: it is in
 * force before a store is even open. Then the store is told, and the file is taken away; where the store does not answer it
 * stays. Throws a `Fault` only where neither can be had.
 */
export async function halt(
  loaded: LoadedConfig,
  scope: IsolationScope,
  wanted: Actor & { readonly reason: string; readonly incident: boolean },
  onlyByFile: boolean,
): Promise<Halt> {
  const data = dataFolder(loaded);
  await makeFolder(data);
  let file: string | undefined;
  let fault: Fault | undefined;
  try {
    const recordAtMs = systemClock.nowMs() + limits.stopRecordMs;
    file = throwSwitch(data, systemClock, { ...switchFor(scope, wanted), ...(onlyByFile ? {} : { recordAtMs }) });
  } catch (error) {
    if (onlyByFile || !(error instanceof Fault)) throw error;
    fault = error; // the store may take it all the same
  }
  if (!onlyByFile) {
    try {
      await using base = await openStopBase(loaded);
      return { by: 'store', stopped: await stop(base, scope, wanted, file) };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      fault = error;
    }
  }
  if (file === undefined) throw fault ?? new Fault('E_STORE', 'neither the store nor a file took the stop');
  return { by: 'file', file, fault };
}
