import { isJsonObject, type JsonObject } from '../../../base/json.ts';
import type { EventKind, NewEvent } from '../../../model/event.ts';
import type { RecordKeys } from '../../../ports/record-keys.ts';
import type { Change, Store } from '../../../ports/store.ts';
import { hashPersonal } from '../../../scan/hash-personal.ts';
import { keyDigests } from './key-digests.ts';

/** What agents, models, tools and hosts say. What people say of a run names them, and is kept under its seal. */
const SAID = /^(?:run\.started|run\.planned|content\.|history\.|model\.|call\.|question\.|answer\.|egress\.)/;
/** On whose behalf something was done, and who answered: the record is of them. */
const WHO: ReadonlySet<string> = new Set(['user', 'by']);

/**
 * Puts keyed hashes in the place of personal data in what runs record, before it reaches the store. What a decision is made
 * from again is kept beside it, in `exact` of its event, and nothing else is.
 */
export async function openHashedStore(inner: Store, keys: RecordKeys): Promise<Store> {
  const tag = await keys.tagPersonal();
  const keyDigest = await keys.keyDigests();
  const hash = (change: Change): Change => {
    if (change.kind !== 'event.append' || change.event.runId === undefined || !SAID.test(change.event.kind))
      return change;
    const { tenant, kind } = change.event;
    const hashed = hashEvent(change.event, (value) => tag(tenant, value));
    const body = keyDigests(kind, hashed.body, (digest) => keyDigest(tenant, digest));
    return body === change.event.body ? change : { ...change, event: { ...hashed, body } };
  };
  return {
    ...inner,
    // Whoever hands over what is not JSON is told by the store.
    commit: (changes, options) => inner.commit(changes.map(hash), options),
  };
}

function hashEvent(event: NewEvent, tag: (value: string) => string): NewEvent {
  const { value, exact } = hashPersonal(event.body, tag, WHO);
  if (value === event.body) return event;
  return {
    ...event,
    body: isDecision(event.kind, event.body) ? { ...value, exact: { ...exact } as JsonObject } : value,
  };
}

function isDecision(kind: EventKind, body: JsonObject): boolean {
  return kind.startsWith('call.') && kind !== 'call.completed' && isJsonObject(body['arguments']);
}
