import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts';
import { COMPOSED, MANIFEST, PROMPT, USER } from '../../flow/run-view.ts';
import type { StoredEvent } from '../../model/event.ts';

/** Where a call came from, as far as the record tells. A first guess for people, and nothing rests on it. */
export interface Cause {
  /**
   * `prompt`: the values of the call are the user's own. `hallucinated-argument`: one of them was seen nowhere.
   * `injected-content`: one of them is only in what others wrote. `unknown`: nothing of this is recorded.
   */
  readonly cause: 'prompt' | 'hallucinated-argument' | 'injected-content' | 'unknown';
  readonly evidence: readonly Evidence[];
}

export interface Evidence {
  /** The event that shows it. */
  readonly eventId: string;
  readonly says: string;
}

/**
 * What a call's values came from: the argument that flow objected to first, then any that nobody trusted wrote.
 *
 * @param before the run's events up to the decision, oldest first
 */
export function findCause(decided: StoredEvent, before: readonly StoredEvent[]): Cause {
  const values = listIn(decided.body['values']);
  if (values.length === 0 || decided.erased) return { cause: 'unknown', evidence: [] };
  const flow = isJsonObject(decided.body['flow']) ? decided.body['flow'] : {};
  const objected = new Set(listIn(flow['reasons']).map((reason) => reason['path']));
  const doubtful = values.filter(({ integrity, path }) => integrity === 'untrusted' || objected.has(path));
  const weighty = doubtful.filter(({ path }) => objected.has(path));
  const suspects = weighty.length > 0 ? weighty : doubtful;
  const foreign = suspects.find((value) => sourcesOf(value).length > 0);
  if (foreign !== undefined) return injected(decided, before, foreign);
  // Content is the model's to write: that it composed it is no reason to call it invented.
  const invented = weighty[0];
  if (invented !== undefined) {
    const says = `the value of ${String(invented['path'])} was in nothing that the run had been given or had read`;
    return { cause: 'hallucinated-argument', evidence: [{ eventId: decided.id, says }] };
  }
  const own = values.filter(({ origins }) => Array.isArray(origins) && origins.includes(PROMPT));
  if (own.length === 0) return { cause: 'unknown', evidence: [] };
  const paths = own.map(({ path }) => String(path)).join(', ');
  return { cause: 'prompt', evidence: [{ eventId: decided.id, says: `${paths}: from the user’s own words` }] };
}

function injected(decided: StoredEvent, before: readonly StoredEvent[], value: JsonObject): Cause {
  const sources = sourcesOf(value);
  const evidence: Evidence[] = [
    { eventId: decided.id, says: `the value of ${String(value['path'])} is from ${sources.join(', ')}` },
  ];
  for (const event of before) {
    const source = event.kind === 'content.ingested' ? String(event.body['source']) : event.tool;
    if (event.kind !== 'call.completed' && event.kind !== 'content.ingested') continue;
    if (source === undefined || !sources.some((origin) => origin === source || origin.startsWith(`${source}.`)))
      continue;
    const found = listIn(event.body['findings']).find(({ detector }) => detector === 'injected-text');
    const says =
      found === undefined
        ? `brought by ${source}`
        : `brought by ${source}, where \`${String(found['kind'])}\` was found`;
    evidence.push({ eventId: event.id, says });
  }
  return { cause: 'injected-content', evidence };
}

const OWN: ReadonlySet<string> = new Set([PROMPT, USER, MANIFEST, COMPOSED]);

/** What others wrote: neither the user nor the model. */
function sourcesOf({ origins }: JsonObject): readonly string[] {
  return Array.isArray(origins) ? origins.map(String).filter((origin) => !OWN.has(origin)) : [];
}

function listIn(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
