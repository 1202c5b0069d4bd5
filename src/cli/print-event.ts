import type { JsonObject, JsonValue } from '../base/json.ts';
import { isJsonObject } from '../base/json.ts';
import type { StoredEvent } from '../model/event.ts';
import { withoutExact } from '../model/exact.ts';
import { printPlace } from '../model/place.ts';
import type { Terminal } from './terminal.ts';

/** One event as one line for people: when, what, who, which tool, and the first reason. */
export function printEvent(event: StoredEvent, terminal: Terminal): string {
  const time = new Date(event.atMs).toISOString().slice(11, 23);
  const { body } = event;
  const who = event.agent ?? '';
  const what = event.tool ?? '';
  const reason = event.erased ? '(erased)' : firstReason(body['reasons']);
  return [time, paint(event, terminal), who, what, event.callId ?? event.runId ?? '', reason]
    .filter(Boolean)
    .join('  ');
}

const VERBS: Readonly<Record<string, string>> = {
  'call.intended': 'permit',
  'call.completed': 'done',
  'call.refused': 'refuse',
  'call.asked': 'ask',
};

function paint({ kind, body }: StoredEvent, terminal: Terminal): string {
  const word = VERBS[kind] ?? kind;
  if (kind === 'call.refused') return terminal.style('red', body['code'] === 'E_APPROVAL_PENDING' ? 'wait' : word);
  if (kind === 'call.asked') return terminal.style('yellow', word);
  if (kind === 'call.completed') return terminal.style(body['ok'] === true ? 'green' : 'yellow', word);
  return kind === 'call.intended' ? terminal.style('green', word) : word;
}

/** The first reason of a list as it is recorded: its message, and where the rule stands. */
export function firstReason(reasons: JsonValue | undefined): string {
  const first = Array.isArray(reasons) ? reasons[0] : undefined;
  return isJsonObject(first) ? printReason(first) : '';
}

/** A recorded reason for people: code, message, rule and place. */
export function printReason(reason: JsonObject): string {
  const { code, message, place, path } = reason;
  const where = isJsonObject(place) ? ` at ${printPlace(place as unknown as Parameters<typeof printPlace>[0])}` : '';
  const argument = typeof path === 'string' && path !== '' ? ` (argument ${path})` : '';
  return `${code === 'PERMITTED' ? '' : `${String(code)} `}${String(message)}${argument}${where}`;
}

/** Stored events as plain JSON, without what hashes of personal data stand for. */
export function eventToJson(event: StoredEvent): JsonObject {
  return JSON.parse(JSON.stringify({ ...event, body: withoutExact(event.body) })) as JsonObject;
}
