import type { Consequence, Effect } from '../model/effect.ts';
import type { Tool } from '../model/tool.ts';
import type { Namings } from './find-verb.ts';
import { inferConsequence } from './infer-consequence.ts';
import { type Inferred, type InferredEffect, inferEffect } from './infer-effect.ts';
import { type InferredSink, inferSinks } from './infer-sinks.ts';
import { inferSource } from './infer-source.ts';
import { listArguments } from './list-arguments.ts';

/** What can be told about a tool that nobody declared. */
export interface Inference {
  readonly effect: Inferred<Effect>;
  readonly consequence: Inferred<Consequence>;
  /** Whether its result carries content from outside. */
  readonly source: Inferred<boolean>;
  /** The arguments by which data or authority leaves. */
  readonly sinks: readonly InferredSink[];
}

/** What is known besides the tool itself. */
export interface InferenceGround {
  /** The declared effect, which overrides the inferred one. */
  readonly effect?: Effect | undefined;
  /** Of the tools it is listed with, so that a vendor's word before the verb is known for one. */
  readonly namings?: Namings;
}

/**
 * Reads a tool's name, schema and annotations, strictly: what cannot be told is a write of high consequence that
 * returns what outsiders wrote. Everything but the server's id was written by the server, so a known read verb in the
 * name is all that relaxes, and the caller says so to people.
 */
export function inferTool(tool: Tool, { effect, namings }: InferenceGround = {}): Inference {
  const args = listArguments(tool.inputSchema);
  const inferred: InferredEffect =
    effect === undefined ? inferEffect(tool, args, namings) : { value: effect, because: 'it is declared' };
  const reach = inferred.marks ? 'read' : inferred.value;
  const sinks = inferSinks(reach, args, tool.annotations?.['openWorldHint'] === true);
  return {
    effect: inferred,
    consequence: inferConsequence(tool, inferred, sinks, namings),
    source: inferSource(tool),
    sinks,
  };
}
