import type { Consequence } from '../model/effect.ts';
import type { Tool } from '../model/tool.ts';
import { type Namings, verbOf } from './find-verb.ts';
import type { Inferred, InferredEffect } from './infer-effect.ts';
import type { InferredSink } from './infer-sinks.ts';
import { splitName } from './split-name.ts';
import { additiveVerbs, graveWords, holdsWord, secretWords } from './verbs.ts';

/**
 * How bad the worst use is, when nobody has said. A write is high, or medium by one narrow rule; never low, except where
 * it is one only because reading marks what is read: low is what lets a declared write run unasked. A read is low unless what it returns is worth
 * stealing or its arguments choose where a request goes: a read that can be sent anywhere leaks like a write.
 */
export function inferConsequence(
  tool: Tool,
  { value, marks }: InferredEffect,
  sinks: readonly InferredSink[],
  namings?: Namings,
): Inferred<Consequence> {
  // What marks as it reads can do no more harm than the reading.
  return value === 'read' || marks ? judgeRead(tool, sinks) : judgeWrite(tool, verbOf(tool, namings), sinks);
}

function judgeRead(tool: Tool, sinks: readonly InferredSink[]): Inferred<Consequence> {
  const words = splitName(tool.name).flat();
  const secret = words.find((word) => holdsWord(secretWords, word));
  if (secret !== undefined) return { value: 'high', because: `it reads \`${secret}\`` };
  const reach = sinks.find((sink) => sink.carries === 'destination');
  if (reach) return { value: 'high', because: `its argument \`${reach.path}\` chooses where a request goes` };
  if (tool.annotations?.['openWorldHint'] === true) {
    return { value: 'medium', because: 'its server says that it reaches an open world' };
  }
  return { value: 'low', because: 'it only reads' };
}

function judgeWrite(tool: Tool, verb: string, sinks: readonly InferredSink[]): Inferred<Consequence> {
  const high = (because: string): Inferred<Consequence> => ({ value: 'high', because });
  if (!additiveVerbs.has(verb)) return high(`the worst use of \`${verb}\` is not known to be small`);
  const grave = splitName(tool.name)
    .flat()
    .find((word) => holdsWord(graveWords, word));
  if (grave !== undefined) return high(`\`${grave}\` is at stake`);
  const reach = sinks.find((sink) => sink.carries !== 'data');
  if (reach) return high(`its argument \`${reach.path}\` carries ${reach.carries}`);
  if (tool.annotations?.['destructiveHint'] === true) return high('its server says that it is destructive');
  if (tool.annotations?.['openWorldHint'] === true) return high('its server says that it reaches an open world');
  return { value: 'medium', because: `\`${verb}\` only adds, and no argument sends it anywhere` };
}
