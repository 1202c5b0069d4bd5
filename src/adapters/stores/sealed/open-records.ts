import { Fault } from '../../../base/fault.ts';
import { isJsonObject, type JsonObject } from '../../../base/json.ts';
import type { Approval } from '../../../model/approval.ts';
import type { StoredEvent } from '../../../model/event.ts';
import type { Run } from '../../../model/run.ts';
import { isSealed, type Sealed } from '../../../model/sealed.ts';
import type { FoundKeys } from './key-ring.ts';

/** An event as it was before it was sealed. What was never sealed stays as it is. */
export function openEvent(event: StoredEvent, found: FoundKeys): StoredEvent {
  const { body, runId } = event;
  if (!isSealed(body)) return event;
  const opened = open(found, runId, event.id, body);
  return opened === undefined
    ? { ...event, body: {}, sealed: body, erased: true }
    : { ...event, body: opened, sealed: body };
}

export function openRun<R extends Run>(run: R, found: FoundKeys): R {
  const { sealed, ...rest } = run;
  if (sealed === undefined) return run;
  const { onBehalfOf, ...told } = open(found, run.id, run.id, sealed) ?? {};
  const principal = { ...run.principal, ...(onBehalfOf === undefined ? {} : { onBehalfOf }) };
  return { ...rest, ...told, principal } as R; // what `sealRun` took out of a run
}

export function openApproval(approval: Approval, found: FoundKeys): Approval {
  const { sealed, ...rest } = approval;
  if (sealed === undefined) return approval;
  return { ...rest, ...open(found, approval.runId, approval.id, sealed) } as Approval; // what `sealApproval` took out
}

/** Undefined where the key was erased. */
function open({ keys, erased }: FoundKeys, runId: string | undefined, name: string, sealed: Sealed) {
  const held = runId === undefined ? undefined : keys.get(runId);
  if (held !== undefined) return parse(held.key.open(name, sealed), name);
  if (runId !== undefined && erased.has(runId)) return undefined;
  throw new Fault('E_STORE_CORRUPT', `the store has no key for what was sealed as ${name}`);
}

function parse(text: string, name: string): JsonObject {
  const value: unknown = JSON.parse(text);
  if (isJsonObject(value)) return value;
  throw new Fault('E_STORE_CORRUPT', `what was sealed as ${name} is not the JSON that was written`);
}
