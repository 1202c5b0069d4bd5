import type { ErrorCode } from '../base/errors.ts';
import type { Manifest, PlaceOf, ToolDeclaration } from '../model/manifest.ts';
import type { Place } from '../model/place.ts';
import { type GovernedTool, pinTool, type Tool, type ToolName, toolName, type Yields } from '../model/tool.ts';
import { findNamings, type Namings } from './find-verb.ts';
import { inferTool } from './infer.ts';
import { joinSinks } from './join-sinks.ts';

/** Something of the rules that a person has to put right, and where. */
export interface PolicyProblem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly place?: Place;
}

export interface Governance {
  /** Every tool that has a name of its own. */
  readonly tools: ReadonlyMap<ToolName, GovernedTool>;
  /**
   * Why mode `enforce` does not start: one `E_TOOL_UNREVIEWED` for each tool without a declared effect and
   * consequence. Empty in the other modes.
   */
  readonly problems: readonly PolicyProblem[];
  /** Names that a server gave to two tools. Which one would run is its choice, so neither is offered. */
  readonly ambiguous: readonly ToolName[];
  /** Tools the manifest declares and no server has: a misspelt name, most likely. */
  readonly absent: readonly ToolName[];
}

/** Joins the tools of all configured servers with what the manifest declares about them. */
export function governTools(tools: readonly Tool[], manifest: Manifest, placeOf: PlaceOf): Governance {
  const governed = new Map<ToolName, GovernedTool>();
  const ambiguous = new Set<ToolName>();
  const namings = findNamings(tools);
  for (const tool of tools) {
    const name = toolName(tool);
    if (governed.has(name)) ambiguous.add(name);
    governed.set(name, governTool(tool, manifest, placeOf, namings));
  }
  for (const name of ambiguous) governed.delete(name);

  const unreviewed = manifest.mode === 'enforce' ? [...governed.values()].filter((tool) => !tool.declared) : [];
  const seen = new Set<string>(tools.map(toolName));
  return {
    tools: governed,
    problems: unreviewed.map((tool) => describeUnreviewed(tool, declarationOf(manifest, tool.name), placeOf)),
    ambiguous: [...ambiguous],
    // The manifest's schema admits only names with a slash.
    absent: Object.keys(manifest.tools).filter((name) => !seen.has(name)) as ToolName[],
  };
}

/**
 * One tool with what was decided about it. What nobody declared is inferred, except in `enforce`, where a tool is a
 * write of high consequence until somebody has looked at it, whatever it says of itself. `namings` are those of all the
 * tools it is listed with.
 */
export function governTool(tool: Tool, manifest: Manifest, placeOf: PlaceOf, namings?: Namings): GovernedTool {
  const name = toolName(tool);
  const declaration = declarationOf(manifest, name);
  const strict = manifest.mode === 'enforce';
  const inference = inferTool(tool, {
    effect: declaration?.effect ?? (strict ? 'write' : undefined),
    ...(namings && { namings }),
  });
  return {
    tool,
    name,
    pin: pinTool(tool),
    effect: inference.effect.value,
    consequence: declaration?.consequence ?? (strict ? 'high' : inference.consequence.value),
    declared: declaration?.effect !== undefined && declaration.consequence !== undefined,
    sinks: joinSinks(inference.sinks, declaration, tool.inputSchema),
    ...(declaration?.audience !== undefined && { audience: declaration.audience }),
    ...(declaration?.yields && { yields: readYields(declaration.yields) }),
    ...(declaration && { place: placeOf(['tools', name]) }),
  };
}

function readYields({ integrity, secrecy, identifiers }: NonNullable<ToolDeclaration['yields']>): Yields {
  return { ...(integrity && { integrity }), ...(secrecy && { secrecy }), ...(identifiers && { identifiers }) };
}

function declarationOf(manifest: Manifest, name: ToolName): ToolDeclaration | undefined {
  return Object.hasOwn(manifest.tools, name) ? manifest.tools[name] : undefined;
}

function describeUnreviewed(
  tool: GovernedTool,
  declaration: ToolDeclaration | undefined,
  placeOf: PlaceOf,
): PolicyProblem {
  const missing = (['effect', 'consequence'] as const).filter((key) => declaration?.[key] === undefined);
  return {
    code: 'E_TOOL_UNREVIEWED',
    message: `\`${tool.name}\` has no declared ${missing.join(' and ')}, which mode \`enforce\` requires`,
    place: tool.place ?? placeOf(['tools']),
  };
}
