import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts';
import type { StoredEvent } from '../../model/event.ts';

/** One text that was in front of a run's model, as it is recorded: without secrets, and with hashes for personal data. */
export interface ContextPart {
  readonly eventId: string;
  /** What somebody said, content that came in, what a tool brought, or what the model itself thought or answered. */
  readonly what: 'prompt' | 'content' | 'result' | 'reasoning' | 'output';
  /** The part of the prompt, the source, the tool or the model that it is from. */
  readonly from: string;
  /** Absent where it was too long to be recorded, was withheld from the run or is erased. */
  readonly text?: string;
}

/** What an event added to what a run's model had in front of it, in order. */
export function listContext({ id, kind, tool = '', body, erased }: StoredEvent): readonly ContextPart[] {
  const part = (what: ContextPart['what'], from: JsonValue | undefined, text: JsonValue | undefined): ContextPart => ({
    eventId: id,
    what,
    from: typeof from === 'string' ? from : '',
    ...(typeof text === 'string' && erased !== true ? { text } : {}),
  });
  switch (kind) {
    case 'run.started':
      return listIn(body['prompt']).map((said) => part('prompt', said['kind'], said['text']));
    case 'content.ingested':
      return [part('content', body['source'], body['withheld'] === true ? undefined : body['text'])];
    case 'call.completed':
      return body['ok'] === true || erased === true ? [part('result', tool, body['result'])] : [];
    case 'model.step':
      return (['reasoning', 'output'] as const).flatMap((what) => {
        const said = body[what];
        return isJsonObject(said) ? [part(what, body['model'], said['text'])] : [];
      });
    default:
      return [];
  }
}

function listIn(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
