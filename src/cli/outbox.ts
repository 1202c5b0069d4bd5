import { openConfig, openRecord } from '../app/open-config.ts';
import { openActs } from '../app/people/open-acts.ts';
import { openOutbox } from '../app/telemetry/open-outbox.ts';
import { Fault } from '../base/fault.ts';
import type { CommandContext } from './command-context.ts';
import { printNotice } from './print-notice.ts';

const PAGE = 1_000;

/** How far every receiver is, and what was put aside for it. */
export async function listOutbox(context: CommandContext): Promise<void> {
  const loaded = await openConfig(context.configPath, context.cwd);
  const { tenant } = loaded.manifest;
  const record = await openRecord(loaded);
  try {
    const [newest] = await record.readEvents({ tenant, newestFirst: true, limit: 1 });
    const sinks = await Promise.all(
      (await record.listSinks(tenant)).map(async ({ sink, seq, atMs, putAside }) => ({
        sink,
        seq,
        behind: Math.max(0, (newest?.seq ?? 0) - seq),
        since: new Date(atMs).toISOString(),
        configured: Object.hasOwn(loaded.manifest.telemetry.sinks, sink),
        putAside: putAside === 0 ? [] : [...(await record.listPutAside(tenant, sink, -1, PAGE))],
      })),
    );
    context.terminal.data(
      sinks.map(({ putAside, ...sink }) => ({
        ...sink,
        putAside: putAside.map(({ seq, reason }) => ({ seq, reason })),
      })),
      sinks.flatMap(({ sink, seq, behind, since, configured, putAside }) => [
        `${sink}  told up to event ${seq}, ${behind} behind, at ${since}${configured ? '' : '; not configured any more'}`,
        ...putAside.map((aside) => `  event ${aside.seq} put aside: ${aside.reason}`),
      ]),
    );
    if (sinks.length === 0)
      context.terminal.say('no receiver was ever told anything: `telemetry.sinks` in the configuration');
  } finally {
    await record.close();
  }
}

/** Sends what was put aside for a receiver once more. */
export async function sendOutbox(context: CommandContext, sink: string): Promise<void> {
  const loaded = await openConfig(context.configPath, context.cwd);
  await using acts = await openActs(loaded, context.terminal.interactive);
  await using outbox = await openOutbox(loaded, context.env, printNotice(context.terminal));
  const { sent, left } = await acts.perform(
    { name: 'outbox send', what: { sink } },
    () => outbox.sendAgain(sink, context.signal),
    (done) => ({ sent: [...done.sent], left: done.left.map(({ seq }) => seq) }),
  );
  context.terminal.data({ sink, sent: [...sent], left: left.map((one) => ({ ...one })) }, [
    `${sent.length} sent`,
    ...left.map(({ seq, reason }) => `event ${seq} is still put aside: ${reason}`),
  ]);
  if (left.length > 0) throw new Fault('E_SINK', `${left.length} events are still put aside for \`${sink}\``);
}

/** Forgets that an event was put aside. The record keeps it. */
export async function dropOutbox(context: CommandContext, sink: string, seq: number): Promise<void> {
  const loaded = await openConfig(context.configPath, context.cwd);
  await using acts = await openActs(loaded, context.terminal.interactive);
  await using outbox = await openOutbox(loaded, context.env, printNotice(context.terminal));
  await acts.perform({ name: 'outbox drop', what: { sink, seq } }, () => outbox.drop(sink, seq));
  context.terminal.data({ sink, seq, dropped: true }, [`event ${seq} is not sent to ${sink}; the record keeps it`]);
}
