import { errorEntry } from '../../base/errors.ts';
import { isJsonObject, type JsonObject } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import type { CallAnswer } from '../../runtime/line/call-answer.ts';
import type { Channel, McpClient } from './client.ts';
import type { DoorState } from './door-state.ts';

/** A call that waits for a person. */
export type Pending = Extract<CallAnswer, { kind: 'refused' }> & { readonly approvalId: string };

export function isPending(answer: CallAnswer): answer is Pending {
  return answer.kind === 'refused' && answer.code === 'E_APPROVAL_PENDING' && answer.approvalId !== undefined;
}

/**
 * How a client is asked that waits for a person. `elicit`: it shows its user the address where they answer. `hold`: it
 * hears that the call makes progress until they have. `ticket`: it is told the address, and goes on with other work.
 */
export type WayToAsk = 'elicit' | 'hold' | 'ticket';

export function chooseWay(door: DoorState, client: McpClient, params: JsonObject, approvalId: string): WayToAsk {
  const { elicitation } = client.capabilities;
  const canOpen = isJsonObject(elicitation) && isJsonObject(elicitation['url']);
  if (canOpen && door.gate.linkTo(approvalId) !== undefined) return 'elicit';
  return progressTokenOf(params) !== undefined && door.gate.holdMs() > 0 ? 'hold' : 'ticket';
}

/** The question that has a client open the address. That it was opened says nothing about the answer. */
export function elicitationOf(
  door: DoorState,
  approvalId: string,
): { readonly method: string; readonly params: JsonObject } {
  return {
    method: 'elicitation/create',
    params: {
      mode: 'url',
      elicitationId: approvalId,
      url: door.gate.linkTo(approvalId) ?? '',
      message: 'A person has to approve this call. Opening the page does not approve it.',
    },
  };
}

/** Asks a client of the session era to open the address, and waits for the answer if it did. */
export async function elicit(
  door: DoorState,
  client: McpClient,
  { approvalId }: Pending,
  channel: Channel,
): Promise<boolean> {
  const { method, params } = elicitationOf(door, approvalId);
  const opened = await channel.ask(method, params, channel.signal);
  if (!opened.ok || opened.result['action'] !== 'accept') return false;
  const isAnswered = await door.gate.waitForAnswer(client.caller, approvalId, limits.approvalHoldMs, channel.signal);
  channel.notify('notifications/elicitation/complete', { elicitationId: approvalId });
  return isAnswered;
}

const BEAT_MS = 5_000;

/** Waits for the answer, and says meanwhile that the call is alive. True once there is an answer. */
export async function hold(
  door: DoorState,
  client: McpClient,
  { approvalId }: Pending,
  params: JsonObject,
  channel: Channel,
): Promise<boolean> {
  if (door.holding.count >= limits.approvalsHeld) return false;
  door.holding.count += 1;
  const stop = beat(channel, progressTokenOf(params));
  try {
    return await door.gate.waitForAnswer(client.caller, approvalId, door.gate.holdMs(), channel.signal);
  } finally {
    stop();
    door.holding.count -= 1;
  }
}

/** Says every few seconds that the call makes progress, to a client that wants to hear of it. */
function beat(channel: Channel, progressToken: string | number | undefined): () => void {
  if (progressToken === undefined) return () => {};
  let beats = 0;
  const message = 'Waiting for a person to approve this call.';
  const tell = () => {
    beats += 1;
    // Less than anything that the tool itself will report: progress only ever rises.
    channel.notify('notifications/progress', { progressToken, progress: beats * Number.EPSILON, message });
  };
  tell();
  const timer = setInterval(tell, BEAT_MS);
  return () => clearInterval(timer);
}

function progressTokenOf(params: JsonObject): string | number | undefined {
  const { _meta } = params;
  const token = isJsonObject(_meta) ? _meta['progressToken'] : undefined;
  return typeof token === 'string' || typeof token === 'number' ? token : undefined;
}

/** What the model is told, and what its client may show: that it waits, and where it is answered. */
export function ticketText(door: DoorState, { approvalId }: Pending): string {
  const link = door.gate.linkTo(approvalId);
  const { toModel } = errorEntry('E_APPROVAL_PENDING');
  return link === undefined ? toModel : `${toModel} They can answer at ${link}`;
}

/** What the client says beside the call: the approval it is a retry for, and what the agent says it is for. */
export function readHandle(meta: JsonObject): { readonly approvalId?: string; readonly purpose?: string } {
  const approvalId = meta['chaperone/approvalId'];
  const purpose = meta['chaperone/purpose'];
  return {
    ...(typeof approvalId === 'string' ? { approvalId } : {}),
    ...(typeof purpose === 'string' ? { purpose } : {}),
  };
}
