import { z } from 'zod';
import { digestBytes } from '../../base/digest.ts';
import { Fault } from '../../base/fault.ts';
import { findJsonProblem } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import type { PlannerAnswer } from '../../ports/planner.ts';

const schema = z.strictObject({ tools: z.array(z.string().max(limits.toolNameChars)).max(limits.plannerTools) });

/** The model's own text, held to what it was told to write: JSON of that shape, with nothing before or after. */
export function readAnswer(text: string): PlannerAnswer {
  const parsed = schema.safeParse(parseStrictly(text));
  if (!parsed.success) throw unreadable('its answer is not the JSON it was asked for');
  return { tools: parsed.data.tools, digest: digestBytes(text) };
}

/** What the endpoint wrapped around it. Members we know nothing of are passed over; those we do have to fit. */
export function readEnvelope<T>(body: string, envelope: z.ZodType<T>): T {
  const parsed = envelope.safeParse(parseStrictly(body));
  if (!parsed.success) throw unreadable('it did not answer with one text');
  return parsed.data;
}

function parseStrictly(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unreadable('it did not answer with JSON');
  }
  if (findJsonProblem(value, limits.jsonDepth) !== undefined) throw unreadable('it did not answer with JSON we accept');
  return value;
}

/** Nothing of the answer is quoted: it may repeat what it was asked, or the key. */
function unreadable(what: string): Fault {
  return new Fault('E_PLANNER', `the planner could not be understood: ${what}`);
}
