import type { Consequence, Effect } from '../model/effect.ts';
import type { Tool } from '../model/tool.ts';
import { type Inferred, verbOf } from './infer-effect.ts';
import type { Sink } from './infer-sinks.ts';
import { splitName } from './split-name.ts';
import { additiveVerbs, graveWords, holdsWord, secretWords } from './verbs.ts';

/**
 * How bad the worst use is, when nobody has said. A write is high, or medium by one narrow rule; never low, since low
 * is what lets a write run unasked, and only a person may say that. A read is low unless what it returns is worth
 * stealing or its arguments choose where a request goes: a read that can be sent anywhere leaks like a write.
 */
export function inferConsequence(tool: Tool, effect: Effect, sinks: readonly Sink[]): Inferred<Consequence> {
  return effect === 'read' ? judgeRead(tool, sinks) : judgeWrite(tool, sinks);
}

function judgeRead(tool: Tool, sinks: readonly Sink[]): Inferred<Consequence> {
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

function judgeWrite(tool: Tool, sinks: readonly Sink[]): Inferred<Consequence> {
  const high = (because: string): Inferred<Consequence> => ({ value: 'high', because });
  const verb = verbOf(tool);
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
