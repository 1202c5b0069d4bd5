import { Fault } from '../../base/fault.ts';
import type { EventSink } from '../../ports/event-sink.ts';
import type { Store } from '../../ports/store.ts';

const PAGE = 100;

/** What sending again came to. */
export interface SentAgain {
  readonly sent: readonly number[];
  /** Still put aside, and why. */
  readonly left: readonly { readonly seq: number; readonly reason: string }[];
}

/**
 * Sends what was put aside for a sink once more, one by one, oldest first. Stops at a receiver that is not there. Throws
 * a `Fault` of the store.
 */
export async function sendAgain(
  store: Pick<Store, 'commit' | 'readEvents' | 'listPutAside'>,
  tenant: string,
  name: string,
  sink: EventSink,
  signal: AbortSignal,
): Promise<SentAgain> {
  const sent: number[] = [];
  const left: { seq: number; reason: string }[] = [];
  for (let afterSeq = -1; ; ) {
    const page = await store.listPutAside(tenant, name, afterSeq, PAGE);
    if (page.length === 0) return { sent, left };
    for (const { seq } of page) {
      afterSeq = seq;
      const events = await store.readEvents({ tenant, afterSeq: seq - 1, beforeSeq: seq + 1, limit: 1 });
      const delivery = await sink.deliver(events, signal);
      if (delivery.kind !== 'accepted') {
        left.push({ seq, reason: delivery.message });
        if (delivery.kind === 'unavailable') return { sent, left };
        continue;
      }
      const result = await store.commit([{ kind: 'sink.takeUp', tenant, sink: name, seq }]);
      // Somebody else took it up meanwhile: it was told twice, which may happen.
      if (!result.ok && result.code !== 'E_NOT_FOUND') throw new Fault(result.code, result.message);
      sent.push(seq);
    }
  }
}
