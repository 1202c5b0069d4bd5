import { isJsonObject, type JsonObject } from '../../../base/json.ts';
import type { EventKind } from '../../../model/event.ts';

/** The digests of whole texts that somebody said, by the kind of event: in which member they stand, at the top or beside the text. */
const TEXTS: Partial<Readonly<Record<EventKind, readonly string[]>>> = {
  'model.step': ['input', 'reasoning', 'output', 'error'],
  'content.ingested': ['digest'],
  'call.refused': ['argumentsDigest'],
  'question.answered': ['question', 'answerDigest'],
  'answer.released': ['digest'],
  'answer.withheld': ['digest'],
  'run.planned': ['question'],
};

/**
 * Puts a digest under a key in the place of the plain digest of a text: who has a plain one can test whether the text was
 * `yes`. The same text has the same one in all events of a tenant. A body that has none is returned as it is.
 */
export function keyDigests(kind: EventKind, body: JsonObject, key: (digest: string) => string): JsonObject {
  const names = TEXTS[kind];
  if (names === undefined) return body;
  const keyed = names.flatMap((name): [string, string | JsonObject][] => {
    const value = body[name];
    if (typeof value === 'string') return [[name, key(value)]];
    if (!isJsonObject(value) || typeof value['digest'] !== 'string') return [];
    return [[name, { ...value, digest: key(value['digest']) }]];
  });
  return keyed.length === 0 ? body : { ...body, ...Object.fromEntries(keyed) };
}
