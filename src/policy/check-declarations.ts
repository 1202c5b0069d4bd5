import type { JsonObject } from '../base/json.ts';
import type { Manifest, PlaceOf } from '../model/manifest.ts';
import { printPlace } from '../model/place.ts';
import type { GovernedTool } from '../model/tool.ts';
import { type FoundPath, findPath } from './arguments/argument-path.ts';
import { nearestNames } from './arguments/nearest-names.ts';
import { quoteName } from './arguments/quote-name.ts';
import { SchemaDocument } from './arguments/schema-document.ts';
import { Unsupported } from './arguments/unsupported.ts';

/**
 * What the manifest says of flow and the servers' tools contradict, as `file:line:column: message`: an audience that is
 * no argument, a field that no result has, a `from` or a `flows` entry that names no tool of a server. Of a server that
 * is not there nothing can be said, and nothing is.
 */
export function checkDeclarations(
  manifest: Manifest,
  placeOf: PlaceOf,
  tools: readonly GovernedTool[],
): readonly string[] {
  const byName = new Map<string, GovernedTool>(tools.map((tool) => [tool.name, tool]));
  const servers = new Set(tools.map(({ tool }) => tool.server));
  const problems: string[] = [];
  const report = (path: (string | number)[], message: string): void => {
    problems.push(`${printPlace(placeOf(path))}: ${message}`);
  };
  const requireTool = (name: string, path: (string | number)[]): void => {
    const [server = ''] = name.split('/', 1);
    if (name.endsWith('/*') || byName.has(name) || !servers.has(server)) return;
    const siblings = [...byName.keys()].filter((other) => other.startsWith(`${server}/`));
    report(path, `\`${server}\` has no tool ${quoteName(name)}${didYouMean(name, siblings)}`);
  };

  for (const [name, declaration] of Object.entries(manifest.tools)) {
    const tool = byName.get(name)?.tool;
    const at = (...path: (string | number)[]): (string | number)[] => ['tools', name, ...path];
    const { audience, yields } = declaration;
    if (tool && audience !== undefined) {
      const wrong = findFault(tool.inputSchema, audience);
      if (wrong) report(at('audience'), `\`${name}\` has no argument \`${audience}\`${wrong}`);
    }
    for (const [i, field] of (yields?.identifiers ?? []).entries()) {
      const wrong = tool?.outputSchema && findFault(tool.outputSchema, field);
      if (wrong) report(at('yields', 'identifiers', i), `results of \`${name}\` have no field \`${field}\`${wrong}`);
    }
    for (const [argument, { from }] of Object.entries(declaration.arguments)) {
      for (const [i, origin] of (from ?? []).entries()) {
        const path = at('arguments', argument, 'from', i);
        const { tool: source, field } = splitOrigin(origin, byName);
        if (source === undefined) requireTool(origin.slice(0, origin.lastIndexOf('.')), path);
        const wrong = source?.tool.outputSchema && findFault(source.tool.outputSchema, field);
        if (wrong) report(path, `results of \`${source.name}\` have no field \`${field}\`${wrong}`);
      }
    }
  }
  for (const [i, { from, to }] of manifest.flows.entries()) {
    requireTool(from, ['flows', i, 'from']);
    if (to.includes('/')) requireTool(to, ['flows', i, 'to']);
  }
  return problems;
}

/** A `from` in its parts. A tool's name may hold dots, so it is the longest one that the text begins with. */
function splitOrigin(
  origin: string,
  tools: ReadonlyMap<string, GovernedTool>,
): { readonly tool?: GovernedTool; readonly field: string } {
  for (let dot = origin.lastIndexOf('.'); dot > 0; dot = origin.lastIndexOf('.', dot - 1)) {
    const tool = tools.get(origin.slice(0, dot));
    if (tool) return { tool, field: origin.slice(dot + 1) };
  }
  return { field: '' };
}

/** What is wrong with a dotted path into what a schema describes, as the end of a sentence. Undefined: nothing is. */
function findFault(schema: JsonObject, path: string): string | undefined {
  let found: FoundPath;
  try {
    found = findPath(new SchemaDocument(schema), path);
  } catch (error) {
    if (error instanceof Unsupported) return undefined; // the tool is disabled for it, and says so
    throw error;
  }
  if (found.ok) return undefined;
  return `: there is no \`${found.missing}\`${didYouMean(found.missing, found.known)}`;
}

function didYouMean(name: string, candidates: Iterable<string>): string {
  const near = nearestNames(name, candidates);
  return near.length === 0 ? '' : `; did you mean ${near.map(quoteName).join(' or ')}?`;
}
