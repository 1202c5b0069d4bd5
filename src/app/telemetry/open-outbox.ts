import { systemClock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { type SentAgain, sendAgain } from '../../runtime/outbox/send-again.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { dataFolder } from '../data-folder.ts';
import type { Notify } from '../notice.ts';
import { openStore } from '../open-store.ts';
import { openSinks } from './open-sinks.ts';

export interface OutboxDesk extends AsyncDisposable {
  /** Sends what was put aside for a sink again. Throws a `Fault`: E_NOT_FOUND for a sink that is not configured. */
  sendAgain(name: string, signal: AbortSignal): Promise<SentAgain>;
  /** Forgets that an event was put aside; the record keeps it. Throws a `Fault` E_NOT_FOUND. */
  drop(name: string, seq: number): Promise<void>;
}

/** What was put aside for the receivers of a configuration, to be worked on beside a gateway that is running. */
export async function openOutbox(
  loaded: LoadedConfig,
  environment: Readonly<Record<string, string | undefined>>,
  notify: Notify,
): Promise<OutboxDesk> {
  const store = await openStore(dataFolder(loaded), systemClock);
  const { tenant } = loaded.manifest;
  return {
    async sendAgain(name, signal) {
      const sinks = await openSinks({ loaded, environment, clock: systemClock, notify, hold: () => {} });
      try {
        const named = sinks.find((one) => one.name === name);
        if (named === undefined) throw new Fault('E_NOT_FOUND', `the configuration has no sink \`${name}\``);
        return await sendAgain(store, tenant, name, named.sink, signal);
      } finally {
        await Promise.all(sinks.map(({ sink }) => sink.close()));
      }
    },
    async drop(name, seq) {
      const result = await store.commit([{ kind: 'sink.takeUp', tenant, sink: name, seq }]);
      if (!result.ok) throw new Fault(result.code, result.message);
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
}
