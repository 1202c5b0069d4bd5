import type { Consequence, Effect } from '../model/effect.ts';
import type { Tool } from '../model/tool.ts';
import { inferConsequence } from './infer-consequence.ts';
import { type Inferred, inferEffect } from './infer-effect.ts';
import { inferSinks, type Sink } from './infer-sinks.ts';
import { inferSource } from './infer-source.ts';
import { listArguments } from './list-arguments.ts';

/** What can be told about a tool that nobody declared. */
export interface Inference {
  readonly effect: Inferred<Effect>;
  readonly consequence: Inferred<Consequence>;
  /** Whether its result carries content from outside. */
  readonly source: Inferred<boolean>;
  /** The arguments by which data or authority leaves. */
  readonly sinks: readonly Sink[];
}

/**
 * Reads a tool's name, schema and annotations, strictly: what cannot be told is a write of high consequence that
 * returns what outsiders wrote. Everything but the server's id was written by the server, so a known read verb in the
 * name is all that relaxes, and the caller says so to people. `effect` overrides the inferred one with a declared one.
 */
export function inferTool(tool: Tool, effect?: Effect): Inference {
  const args = listArguments(tool.inputSchema);
  const inferred: Inferred<Effect> =
    effect === undefined ? inferEffect(tool, args) : { value: effect, because: 'it is declared' };
  const sinks = inferSinks(inferred.value, args, tool.annotations?.['openWorldHint'] === true);
  return {
    effect: inferred,
    consequence: inferConsequence(tool, inferred.value, sinks),
    source: inferSource(tool),
    sinks,
  };
}
