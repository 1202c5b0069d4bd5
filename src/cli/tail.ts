import { setTimeout as wait } from 'node:timers/promises';
import { openConfig, openRecordFor } from '../app/open-config.ts';
import type { EventQuery } from '../ports/store.ts';
import type { CommandContext } from './command-context.ts';
import { eventToJson, printEvent } from './print-event.ts';

const POLL_MS = 250;
const PAGE = 500;

/** Follows the record: the last events, then each new one, until it is interrupted. */
export async function tail(
  context: CommandContext,
  options: { readonly run?: string; readonly agent?: string; readonly last: number; readonly follow: boolean },
): Promise<void> {
  const { terminal, signal } = context;
  const loaded = await openConfig(context.configPath, context.cwd);
  const record = await openRecordFor(loaded, 'events');
  try {
    const filter = {
      tenant: loaded.manifest.tenant,
      ...(options.run === undefined ? {} : { runId: options.run }),
      ...(options.agent === undefined ? {} : { agent: options.agent }),
    };
    const query = (more: Partial<EventQuery>) => record.readEvents({ ...filter, limit: PAGE, ...more });
    const newest = await query({ newestFirst: true, limit: Math.max(1, options.last) });
    let afterSeq = newest[0]?.seq ?? 0;
    let events = options.last === 0 ? [] : [...newest].reverse();
    for (;;) {
      for (const event of events) terminal.data(eventToJson(event), [printEvent(event, terminal)]);
      afterSeq = events.at(-1)?.seq ?? afterSeq;
      if (!options.follow || signal.aborted) return;
      if (events.length < PAGE) await wait(POLL_MS, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      events = [...(await query({ afterSeq }))];
    }
  } finally {
    await record.close();
  }
}
