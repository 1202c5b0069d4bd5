import type { JsonObject } from '../base/json.ts';
import type { ToolArgument } from '../model/constraint.ts';
import type { ToolDeclaration } from '../model/manifest.ts';
import type { Sink } from '../model/tool.ts';
import { splitPath } from './arguments/argument-path.ts';
import { hasMembers, type InferredSink, inferSink } from './infer-sinks.ts';
import { type ArgumentShape, isContainer, listArguments } from './list-arguments.ts';
import { splitWords } from './split-name.ts';

/**
 * The sinks of a tool: what was inferred, and on top of it what a person wrote. An entry speaks of its argument and of
 * everything inside it, the narrower entry last: `protected: false` takes a sink away, and `protected: true`, `carries`,
 * `from` and `audience` make one that a person declared. A declared sink whose kind nobody names carries what its name
 * says, or else authority: content is what nothing protects, so it is never what a protected argument carries by itself.
 */
export function joinSinks(
  inferred: readonly InferredSink[],
  declaration: ToolDeclaration | undefined,
  inputSchema: JsonObject,
): Sink[] {
  const sinks = new Map<string, Sink>(
    inferred.map(({ path, carries, guessed }) => [
      path,
      { path, carries, declared: false, ...(guessed && { guessed }) },
    ]),
  );
  const entries = listEntries(declaration);
  const args = entries.length === 0 ? [] : listArguments(inputSchema);
  for (const [path, entry] of entries) {
    for (const argument of argumentsWithin(path, args)) {
      if (entry.protected === false) sinks.delete(argument.path);
      else sinks.set(argument.path, declareSink(argument, entry, sinks.get(argument.path)));
    }
  }
  return [...sinks.values()];
}

type SinkEntry = Pick<ToolArgument, 'protected' | 'carries' | 'from'>;

/** What a declaration says of sinks, the widest argument first. */
function listEntries(declaration: ToolDeclaration | undefined): (readonly [path: string, entry: SinkEntry])[] {
  if (declaration === undefined) return [];
  const { audience } = declaration;
  const written = Object.entries(declaration.arguments).filter(
    ([, { protected: protects, carries, from }]) => (protects ?? carries ?? from) !== undefined,
  );
  // The audience first, so that what is written on the very same argument says it better.
  const entries: (readonly [string, SinkEntry])[] =
    audience === undefined ? written : [[audience, { carries: 'recipient' }], ...written];
  return entries.sort(([a], [b]) => splitPath(a).length - splitPath(b).length);
}

function declareSink(argument: ArgumentShape, { carries, from }: SinkEntry, before: Sink | undefined): Sink {
  const named = before?.carries ?? inferSink(argument)?.carries;
  const origins = from ?? before?.from;
  return {
    path: argument.path,
    carries: carries ?? (named === undefined || (named === 'data' && !before?.declared) ? 'authority' : named),
    ...(origins === undefined ? {} : { from: origins }),
    declared: true,
  };
}

/**
 * The arguments that a path of the manifest names, in the words of the schema: itself and what is inside it, without the
 * containers. One that the schema does not name, as in a free-form object, is as it is written.
 */
function argumentsWithin(path: string, args: readonly ArgumentShape[]): readonly ArgumentShape[] {
  const wanted = splitPath(path);
  const inside = args.filter((argument) => {
    const names = splitPath(argument.path);
    return wanted.every((name, i) => names[i] === name);
  });
  const leaves = inside.filter((argument) => !(isContainer(argument) && hasMembers(argument, inside)));
  return leaves.length > 0 ? leaves : [{ path, words: splitWords(wanted.at(-1) ?? ''), types: new Set() }];
}
