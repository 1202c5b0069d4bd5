import { userInfo } from 'node:os';
import { listDoubts } from '../app/doubtful-values.ts';
import { openApprovals } from '../app/open-approvals.ts';
import { openConfig, openRecord } from '../app/open-config.ts';
import { Fault } from '../base/fault.ts';
import type { JsonObject } from '../base/json.ts';
import type { Approval } from '../model/approval.ts';
import { printPlace } from '../model/place.ts';
import type { CommandContext } from './command-context.ts';

const MOST_SHOWN = 999; // with the one that says whether there are more, what the store gives at once

interface ListOptions {
  /** Answered ones too. */
  readonly all: boolean;
  readonly limit: number;
  /** The last approval of the page before. */
  readonly after?: string;
}

export async function listApprovals(context: CommandContext, { all, limit, after }: ListOptions): Promise<void> {
  const loaded = await openConfig(context.configPath, context.cwd);
  const record = await openRecord(loaded);
  try {
    const states = all ? (['pending', 'approved', 'consumed', 'denied', 'expired'] as const) : (['pending'] as const);
    const { tenant } = loaded.manifest;
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

export async function showApproval(context: CommandContext, id: string): Promise<void> {
  const loaded = await openConfig(context.configPath, context.cwd);
  const record = await openRecord(loaded);
  try {
    const approval = await record.readApproval(loaded.manifest.tenant, id);
    if (approval === undefined) throw new Fault('E_NOT_FOUND', `there is no approval \`${id}\``);
    context.terminal.data(toJson(approval), printCard(approval));
  } finally {
    await record.close();
  }
}

/** Answers an approval as the person at this terminal. */
export async function answer(context: CommandContext, id: string, approve: boolean): Promise<void> {
  const loaded = await openConfig(context.configPath, context.cwd);
  await using approvals = await openApprovals(loaded);
  const answered = await approvals.answer(id, approve, `local:${userInfo().username}`);
  context.terminal.data(toJson(answered), [`${answered.id} ${answered.state}: ${answered.tool}`]);
}

/**
 * What an approver sees, in a fixed order, made from the call itself and from nothing the model said: what would be
 * done, with which arguments exactly, why it was asked, by which rule, and until when.
 */
export function printCard(approval: Approval): readonly string[] {
  return [
    `${approval.agent} wants to call ${approval.tool}`,
    ...printJson(approval.arguments),
    ...(approval.input === undefined ? [] : ['and answers its questions with', ...printJson(approval.input)]),
    ...[...listDoubts(approval.arguments), ...listDoubts(approval.input ?? {})].map(
      ({ path, message }) => `look twice: ${path} ${message}`,
    ),
    ...approval.reasons.map(
      ({ message, place }) => `because ${message}${place === undefined ? '' : ` (${printPlace(place)})`}`,
    ),
    `${approval.state}; expires ${new Date(approval.expiresAtMs).toISOString()}`,
    `approve: chaperone approvals approve ${approval.id}    deny: chaperone approvals deny ${approval.id}`,
  ];
}

function printJson(value: JsonObject): readonly string[] {
  return JSON.stringify(value, null, 2)
    .split('\n')
    .map((line) => `  ${line}`);
}

function toJson(approval: Approval): JsonObject {
  const { nonce: _, ...shown } = approval; // whoever holds the nonce could spend the approval
  return JSON.parse(JSON.stringify(shown)) as JsonObject;
}
