import { setTimeout as sleep } from 'node:timers/promises';
import { openApprovals } from '../app/open-approvals.ts';
import { openConfig, openRecord, openRecordFor } from '../app/open-config.ts';
import { identifyLocal } from '../app/people/identify-local.ts';
import { systemClock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { JsonObject } from '../base/json.ts';
import type { Approval } from '../model/approval.ts';
import { durationSchema } from '../model/duration.ts';
import { confirmationOf } from '../runtime/approving/answer-approval.ts';
import { readCard } from '../runtime/approving/read-card.ts';
import type { CommandContext } from './command-context.ts';
import { printCard } from './print-card.ts';
import { readLine } from './read-line.ts';

/** How often the record is looked at while something is waited for. */
const LOOK_MS = 250;
const MOST_SHOWN = 999; // with the one that says whether there are more, what the store gives at once

interface ListOptions {
  /** Answered ones too. */
  readonly all: boolean;
  readonly limit: number;
  /** The last approval of the page before. */
  readonly after?: string;
  /** Waits until there is something. */
  readonly wait: boolean;
}

export async function listApprovals(context: CommandContext, options: ListOptions): Promise<void> {
  const { all, limit, after, wait } = options;
  const loaded = await openConfig(context.configPath, context.cwd);
  const record = await openRecordFor(loaded, 'approvals');
  try {
    const states = all ? (['pending', 'approved', 'consumed', 'denied', 'expired'] as const) : (['pending'] as const);
    const { tenant } = loaded.manifest;
    if (wait) await lookUntil(context, async () => (await record.listApprovals(tenant, 'pending', 1)).length > 0);
    // One more than is shown, to know whether there are more.
    const lists = await Promise.all(
      states.map((state) => record.listApprovals(tenant, state, Math.min(limit, MOST_SHOWN) + 1, after)),
    );
    const inOrder = lists.flat().sort((a, b) => b.askedAtMs - a.askedAtMs || (a.id < b.id ? 1 : -1));
    const found = inOrder.slice(0, Math.min(limit, MOST_SHOWN));
    const lines = found.map(({ id, state, agent, tool, expiresAtMs }) =>
      [id, state, agent, tool, `until ${new Date(expiresAtMs).toISOString()}`].join('  '),
    );
    context.terminal.data(found.map(toJson), lines);
    if (found.length === 0) context.terminal.say(after === undefined ? 'nothing waits for a person' : 'no more');
    const last = found.at(-1);
    if (inOrder.length > found.length && last !== undefined)
      context.terminal.say(`more: chaperone approvals list${all ? ' --all' : ''} --limit ${limit} --after ${last.id}`);
  } finally {
    await record.close();
  }
}

export async function showApproval(context: CommandContext, id: string, options: { wait: boolean }): Promise<void> {
  const loaded = await openConfig(context.configPath, context.cwd);
  const { manifest } = loaded;
  const record = await openRecordFor(loaded, `approval ${id}`);
  try {
    const read = async (): Promise<Approval> => {
      const approval = await record.readApproval(manifest.tenant, id);
      if (approval === undefined) throw new Fault('E_NOT_FOUND', `there is no approval \`${id}\``);
      return approval;
    };
    if (options.wait) await lookUntil(context, async () => !(await isOpen(read)));
    const approval = await read();
    const card = await readCard(record, manifest, approval);
    const shown = { ...toJson(approval), card: JSON.parse(JSON.stringify(card)) as JsonObject };
    context.terminal.data(shown, printCard(approval, card));
  } finally {
    await record.close();
  }
}

interface AnswerOptions {
  /** What has to be repeated to approve what can do much harm. */
  readonly confirm?: string;
  /** Waits until the call has run, or cannot any more. */
  readonly wait: boolean;
}

/** Answers an approval as the person at this terminal, who has seen the card. */
export async function answer(
  context: CommandContext,
  id: string,
  approve: boolean,
  options: AnswerOptions,
): Promise<void> {
  const { terminal } = context;
  const loaded = await openConfig(context.configPath, context.cwd);
  const { tenant } = loaded.manifest;
  const { person, presence, groups } = await identifyLocal(loaded, terminal.interactive);
  await using approvals = await openApprovals(loaded);
  const confirm = options.confirm ?? (approve ? await askToConfirm(context, id) : undefined);
  let answered = await approvals.answer({
    approvalId: id,
    approve,
    by: person,
    presence,
    groups,
    ...(confirm === undefined ? {} : { confirm }),
  });
  if (options.wait && answered.state === 'approved') {
    const record = await openRecord(loaded);
    try {
      await lookUntil(context, async () => {
        answered = (await record.readApproval(tenant, id)) ?? answered;
        return answered.state !== 'approved' || hasExpired(answered);
      });
    } finally {
      await record.close();
    }
  }
  const missing = answered.state === 'pending' ? '; it takes another person' : '';
  terminal.data(toJson(answered), [`${answered.id} ${answered.state}: ${answered.tool}${missing}`]);
}

/** What can do much harm is not approved by one key: whoever approves it types what it is. */
async function askToConfirm(context: CommandContext, id: string): Promise<string | undefined> {
  const { terminal, signal } = context;
  if (!terminal.interactive) return undefined;
  const loaded = await openConfig(context.configPath, context.cwd);
  const record = await openRecordFor(loaded, `approval ${id}`);
  try {
    const approval = await record.readApproval(loaded.manifest.tenant, id);
    if (approval === undefined || (approval.facts?.consequence ?? 'high') !== 'high') return undefined;
    for (const line of printCard(approval, await readCard(record, loaded.manifest, approval))) terminal.say(line);
    terminal.say(`type ${confirmationOf(approval)} to approve it; anything else leaves it`);
    return await readLine(signal);
  } finally {
    await record.close();
  }
}

/** Names a deputy for the person at this terminal. */
export async function delegate(context: CommandContext, deputy: string, options: { for: string }): Promise<void> {
  const { terminal } = context;
  if (!terminal.interactive) throw new Fault('E_DEPUTY_PRESENCE', 'a deputy is named at a terminal');
  const life = durationSchema.safeParse(options.for);
  if (!life.success) throw new Fault('E_USAGE', `--for takes a duration such as 8h, not ${options.for}`);
  const loaded = await openConfig(context.configPath, context.cwd);
  await using approvals = await openApprovals(loaded);
  const { person: from, presence } = await identifyLocal(loaded, terminal.interactive);
  const delegation = await approvals.delegate({ from, to: deputy, lifeMs: life.data, presence });
  const until = new Date(delegation.untilMs).toISOString();
  terminal.data({ ...delegation, until }, [`${delegation.to} answers for ${delegation.from} until ${until}`]);
}

async function isOpen(read: () => Promise<Approval>): Promise<boolean> {
  const approval = await read();
  return approval.state === 'pending' && !hasExpired(approval);
}

function hasExpired({ expiresAtMs }: Approval): boolean {
  return systemClock.nowMs() >= expiresAtMs;
}

/** Looks again and again, until it is so or the command is interrupted. */
async function lookUntil({ signal }: CommandContext, isSo: () => Promise<boolean>): Promise<void> {
  while (!signal.aborted && !(await isSo())) await sleep(LOOK_MS, undefined, { signal }).catch(() => {});
}

function toJson(approval: Approval): JsonObject {
  const { nonce: _, ...shown } = approval; // whoever holds the nonce could spend the approval
  return JSON.parse(JSON.stringify(shown)) as JsonObject;
}
