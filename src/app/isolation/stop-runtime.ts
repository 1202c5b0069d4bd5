import type { HttpRuntime } from '../../doors/http/runtime.ts';
import { parseScope } from '../../model/isolation.ts';
import { previewStop } from '../../runtime/isolation.ts';
import type { Gateway } from '../gateway.ts';
import { resume, stop } from './stop.ts';
import { withMarks } from './stop-mark.ts';

type StopRuntime = Pick<HttpRuntime, 'tenant' | 'listIsolations' | 'previewStop' | 'stop' | 'resume'>;

/** Stopping, as the HTTP door asks for it. */
export function stopRuntime(gateway: Gateway): StopRuntime {
  const { store, stopSwitch } = gateway.world;
  return {
    tenant: gateway.loaded.manifest.tenant,
    async listIsolations(tenant) {
      const isolations = await store.listIsolations();
      const switches = stopSwitch.list();
      const isTheirs = ({ scope }: { readonly scope: string }) => isOf(gateway, tenant, scope);
      return {
        isolations: await keep(withMarks(isolations, isolations, switches), isTheirs),
        switches: await keep(withMarks(switches, isolations, switches), isTheirs),
      };
    },
    previewStop: (scope, tenant) => previewStop({ store }, scope, tenant),
    stop: (scope, by) => stop(gateway.stopBase, scope, by),
    async resume(scope, by) {
      await resume(gateway.stopBase, scope, by);
    },
  };
}

/** Whether a tenant may know of it: what is its own, and what stops everything. */
async function isOf(gateway: Gateway, tenant: string, text: string): Promise<boolean> {
  const scope = parseScope(text);
  if (scope === undefined || scope.kind === 'all') return true;
  if (scope.kind === 'run') return (await gateway.world.store.readRun(tenant, scope.run)) !== undefined;
  return scope.tenant === tenant;
}

async function keep<Item>(items: readonly Item[], holds: (item: Item) => Promise<boolean>): Promise<readonly Item[]> {
  const kept = await Promise.all(items.map(holds));
  return items.filter((_, i) => kept[i]);
}
