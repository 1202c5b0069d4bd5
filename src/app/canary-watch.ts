import { Canary } from '../runtime/canary.ts';
import type { Gateway } from './gateway.ts';

/**
 * Sends the canary of a gateway: when it starts, when other rules come into force, and as often as the configuration
 * says. Mode `observe` lets everything pass, so that nothing is tried in it. Resolves when it has ended.
 */
export function watchCanary(gateway: Gateway): { close(): Promise<void> } {
  const canary = new Canary(gateway.world, (request) => gateway.call(request));
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<unknown> | undefined;
  let tried = '';
  let isClosed = false;

  const send = (): void => {
    if (isClosed || sending !== undefined) return;
    clearTimeout(timer);
    const { canary: rules, mode } = gateway.loaded.manifest;
    tried = gateway.catalog.bundle;
    const due = rules.enabled && mode !== 'observe' ? canary.send() : Promise.resolve();
    sending = due.finally(() => {
      sending = undefined;
      if (!isClosed) timer = setTimeout(send, gateway.loaded.manifest.canary.every).unref();
      if (gateway.catalog.bundle !== tried) send();
    });
  };
  const unfollow = gateway.onCatalogChanged(() => {
    if (gateway.catalog.bundle !== tried) send();
  });
  send();
  return {
    async close() {
      isClosed = true;
      unfollow();
      clearTimeout(timer);
      await sending;
    },
  };
}
