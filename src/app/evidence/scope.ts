import type { ReadOnlyStore } from '../../adapters/stores/sqlite/open-sqlite-store-read-only.ts';
import { Fault } from '../../base/fault.ts';
import type { StoredEvent } from '../../model/event.ts';

/** What evidence is wanted of. */
export type Scope =
  | { readonly kind: 'run'; readonly runId: string }
  /** Everything of the run in which it happened, and every stop and resumption since. By the id of an event or a call. */
  | { readonly kind: 'incident'; readonly id: string }
  /** Half open, milliseconds since the Unix epoch. */
  | { readonly kind: 'time'; readonly fromMs: number; readonly toMs: number };

const PAGE = 500;
/** Kinds that concern more than the run they happen in. */
const AROUND_AN_INCIDENT = /^(isolation|incident|escape|breaker)\./;

export interface SelectedEvents {
  readonly pages: AsyncIterable<readonly StoredEvent[]>;
  /** The event that the incident is about. */
  readonly incident?: StoredEvent;
}

/** The events of a scope, oldest first. Throws a `Fault` E_NOT_FOUND where there is nothing of that name. */
export async function selectEvents(record: ReadOnlyStore, tenant: string, scope: Scope): Promise<SelectedEvents> {
  switch (scope.kind) {
    case 'run': {
      const run = await record.readRun(tenant, scope.runId);
      if (run === undefined) throw new Fault('E_NOT_FOUND', `there is no run \`${scope.runId}\``);
      return { pages: readPages(record, { tenant, runId: scope.runId }, () => true) };
    }
    case 'time': {
      const { fromMs, toMs } = scope;
      return { pages: readPages(record, { tenant }, ({ atMs }) => atMs >= fromMs && atMs < toMs) };
    }
    case 'incident': {
      const incident = await findIncident(record, tenant, scope.id);
      const isPart = (event: StoredEvent) =>
        event.runId !== undefined && event.runId === incident.runId
          ? true
          : event.seq >= incident.seq && AROUND_AN_INCIDENT.test(event.kind);
      const { runId } = incident;
      const first = runId === undefined ? incident.seq : await firstSeqOf(record, tenant, runId);
      return { pages: readPages(record, { tenant, afterSeq: first - 1 }, isPart), incident };
    }
  }
}

async function* readPages(
  record: ReadOnlyStore,
  query: { readonly tenant: string; readonly runId?: string; readonly afterSeq?: number },
  isPart: (event: StoredEvent) => boolean,
): AsyncGenerator<readonly StoredEvent[]> {
  let { afterSeq = 0 } = query;
  for (;;) {
    const page = await record.readEvents({ ...query, afterSeq, limit: PAGE });
    const last = page.at(-1);
    if (last === undefined) return;
    afterSeq = last.seq;
    yield page.filter(isPart);
  }
}

async function findIncident(record: ReadOnlyStore, tenant: string, id: string): Promise<StoredEvent> {
  if (id.startsWith('call_')) {
    const [event] = await record.readEvents({ tenant, callId: id, limit: 1 });
    if (event !== undefined) return event;
  }
  for await (const page of readPages(record, { tenant }, (event) => event.id === id)) {
    const [event] = page;
    if (event !== undefined) return event;
  }
  throw new Fault('E_NOT_FOUND', `there is neither an event nor a call \`${id}\``);
}

async function firstSeqOf(record: ReadOnlyStore, tenant: string, runId: string): Promise<number> {
  const [first] = await record.readEvents({ tenant, runId, limit: 1 });
  return first?.seq ?? 1;
}
