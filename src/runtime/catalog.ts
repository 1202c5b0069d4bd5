import type { Digest } from '../base/digest.ts';
import type { ErrorCode } from '../base/errors.ts';
import { Fault } from '../base/fault.ts';
import { CANARY_AGENT, canaryTool } from '../model/canary.ts';
import type { Reason } from '../model/decision.ts';
import type { Manifest, PlaceOf } from '../model/manifest.ts';
import { printPlace } from '../model/place.ts';
import type { GovernedTool, Tool, ToolName } from '../model/tool.ts';
import { splitPath } from '../policy/arguments/argument-path.ts';
import type { LocatedConstraint } from '../policy/arguments/bind-constraints.ts';
import { type ArgumentCheck, hasArgument, prepareArguments } from '../policy/arguments/prepare-arguments.ts';
import { buildKernel } from '../policy/build-kernel.ts';
import type { PolicySource } from '../policy/cedar/parse-policies.ts';
import { governTools } from '../policy/govern.ts';
import type { Kernel } from '../policy/kernel.ts';
import { type ObligationsOf, readObligations } from '../policy/obligations.ts';
import { checkReadBacks, withVerifier } from './verifier.ts';

/** Why a tool cannot be called by anybody, whatever policy says. */
export type Disabled = Reason & { readonly code: ErrorCode };

/** One tool, ready to be called. */
export interface CatalogEntry {
  readonly governed: GovernedTool;
  readonly disabled?: Disabled;
  /** What the arguments of this agent's calls are held against. */
  checkFor(agent: string): ArgumentCheck;
  /**
   * Arguments of this agent's calls that a limit pins to values of whoever wrote it: their names, joined by NUL.
   */
  constantsFor(agent: string): ReadonlySet<string>;
  /** A grant of this agent names the very tool, and says that nobody is asked about it. */
  isUnattendedFor(agent: string): boolean;
  /** The tool as this agent is shown it: without an output schema where fields of its result are taken out. */
  shownTo(agent: string): Tool;
}

/** A bundle made ready to decide with. Never changed: a new bundle is a new catalog. */
export interface Catalog {
  readonly bundle: Digest;
  readonly manifest: Manifest;
  readonly kernel: Kernel;
  /** Every tool by name, disabled ones too. */
  readonly tools: ReadonlyMap<string, CatalogEntry>;
  /** One of those; for the canary also its own, which is there for nobody else. */
  find(name: string, agent: string): CatalogEntry | undefined;
  /** The tools an agent is shown: those that something permits it. Whether a call is permitted is decided at the call. */
  list(agent: string): readonly CatalogEntry[];
  /** Why mode `enforce` must not start with this catalog. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

export interface CatalogInput {
  /** The name of these rules, as `digestBundle` makes it of what they were read from. */
  readonly bundle: Digest;
  readonly manifest: Manifest;
  readonly placeOf: PlaceOf;
  readonly policyFiles: readonly PolicySource[];
  /** The tools of every server as they are described now. */
  readonly tools: readonly Tool[];
  /** The descriptions a person accepted, or that were seen first. */
  readonly pins: ReadonlyMap<ToolName, Digest>;
}

/**
 * Makes everything a call will need, once. Throws a `Fault` E_CONFIG or E_POLICY_INVALID where the rules are wrong. A
 * tool that is wrong (drifted, unreviewed in `enforce`, a schema that cannot be held) is disabled alone.
 */
export function buildCatalog(given: CatalogInput): Catalog {
  const input = { ...given, manifest: withVerifier(given.manifest) };
  const { manifest, placeOf } = input;
  const governance = governTools(input.tools, manifest, placeOf);
  const governed = [...governance.tools.values()];
  checkReadBacks(manifest, governance.tools, placeOf);
  const { bundle, policyFiles } = input;
  const built = buildKernel({ bundle, manifest, placeOf, policyFiles, tools: governed });
  const dutiesOf = readObligations(manifest, placeOf);
  const tools = new Map<string, CatalogEntry>();
  const wrong: string[] = [];
  for (const tool of governed) {
    const entry = prepareEntry(tool, input, dutiesOf, wrong);
    tools.set(tool.name, entry);
  }
  const canary = prepareEntry(canaryTool, input, dutiesOf, wrong);
  if (wrong.length > 0) throw new Fault('E_CONFIG', wrong.join('\n'));
  return {
    bundle: built.kernel.bundle,
    manifest,
    kernel: built.kernel,
    tools,
    find: (name, agent) => (agent === CANARY_AGENT && name === canaryTool.name ? canary : tools.get(name)),
    list: (agent) => [...tools.values()].filter((entry) => isShown(entry, agent, manifest)),
    problems: governance.problems.map(({ message, place }) => (place ? `${printPlace(place)}: ${message}` : message)),
    warnings: [
      ...built.warnings,
      ...governance.absent.map((name) => `${printPlace(placeOf(['tools', name]))}: no server has the tool \`${name}\``),
      ...governance.ambiguous.map((name) => `\`${name}\` is the name of two tools of its server; neither is offered`),
    ],
  };
}

function prepareEntry(
  governed: GovernedTool,
  input: CatalogInput,
  dutiesOf: ObligationsOf,
  wrong: string[],
): CatalogEntry {
  const checks = new Map<string, ArgumentCheck>();
  const constants = new Map<string, ReadonlySet<string>>();
  let disabled = findDisabled(governed, input);
  const prepare = (agent: string): ArgumentCheck | undefined => {
    try {
      const constraints = collectConstraints(governed, agent, input);
      constants.set(agent, listConstants(constraints));
      return prepareArguments(governed, constraints);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (error.code === 'E_CONFIG') wrong.push(error.message);
      else disabled ??= { code: error.code, message: error.message };
      return undefined;
    }
  };
  // Agents the manifest does not name are held to what the tool's declaration says: the check under no name.
  for (const agent of ['', ...Object.keys(input.manifest.agents)]) {
    const check = prepare(agent);
    if (check !== undefined) checks.set(agent, check);
  }
  const none: ArgumentCheck = {
    check: () => ({ ok: false, reasons: [disabled ?? { code: 'E_ARGUMENTS_INVALID', message: 'cannot be checked' }] }),
  };
  return {
    governed,
    ...(disabled === undefined ? {} : { disabled }),
    checkFor: (agent) => checks.get(agent) ?? checks.get('') ?? none,
    constantsFor: (agent) => constants.get(agent) ?? constants.get('') ?? new Set(),
    isUnattendedFor: (agent) => input.manifest.agents[agent]?.tools[governed.name]?.approval === 'never',
    shownTo(agent) {
      const { outputSchema: _, ...withoutOutput } = governed.tool;
      // A client that holds a result against the schema would refuse one that fields were taken out of.
      return dutiesOf(agent, governed).some((duty) => duty.kind === 'fields') ? withoutOutput : governed.tool;
    },
  };
}

function findDisabled(governed: GovernedTool, { manifest, placeOf, pins }: CatalogInput): Disabled | undefined {
  const { name, pin, declared } = governed;
  const declaration = Object.hasOwn(manifest.tools, name) ? manifest.tools[name] : undefined;
  if (declaration?.pin !== undefined && declaration.pin !== pin) {
    const place = placeOf(['tools', name, 'pin']);
    return { code: 'E_TOOL_DRIFTED', message: `\`${name}\` is not the tool that was pinned; it is now ${pin}`, place };
  }
  const reviewed = declaration?.pin ?? pins.get(name);
  if (reviewed !== undefined && reviewed !== pin) {
    return { code: 'E_TOOL_DRIFTED', message: `\`${name}\` changed since it was reviewed: \`chaperone tools diff\`` };
  }
  if (manifest.mode === 'enforce' && !declared) {
    return { code: 'E_TOOL_UNREVIEWED', message: `\`${name}\` has no declared effect and consequence` };
  }
  return undefined;
}

/** The limits the declaration sets for everybody, and those of each of the agent's grants that cover the tool. */
function collectConstraints(governed: GovernedTool, agent: string, input: CatalogInput): LocatedConstraint[] {
  const { manifest, placeOf } = input;
  const { name, tool } = governed;
  const found: LocatedConstraint[] = [];
  const collect = (constraints: Manifest['tools'][string]['arguments'], path: readonly string[], exact: boolean) => {
    for (const [argument, constraint] of Object.entries(constraints)) {
      if (!exact && !hasArgument(tool.inputSchema, argument)) continue;
      found.push({ argument, constraint, place: placeOf([...path, 'arguments', argument]) });
    }
  };
  const declaration = Object.hasOwn(manifest.tools, name) ? manifest.tools[name] : undefined;
  if (declaration) collect(declaration.arguments, ['tools', name], true);
  const grants = Object.hasOwn(manifest.agents, agent) ? (manifest.agents[agent]?.tools ?? {}) : {};
  for (const pattern of patternsOf(governed)) {
    const grant = Object.hasOwn(grants, pattern) ? grants[pattern] : undefined;
    if (grant) collect(grant.arguments, ['agents', agent, 'tools', pattern], pattern === name);
  }
  return found;
}

/** Arguments whose limits leave nothing but values that a person wrote, or wrote the pattern of. */
function listConstants(constraints: readonly LocatedConstraint[]): ReadonlySet<string> {
  const pinned = constraints.filter(
    ({ constraint: { allow, hosts, directories, is } }) =>
      hosts !== undefined || directories !== undefined || is !== undefined || allow?.every(saysSomething) === true,
  );
  return new Set(pinned.map(({ argument }) => splitPath(argument).join('\0')));
}

/** `*@company.com` says who is inside; `*` and `*@*` say nothing. */
const saysSomething = (pattern: string): boolean => !pattern.includes('*') || /[\p{L}\p{N}]{2}/u.test(pattern);

/** The ways in which a manifest can name a tool. */
function patternsOf({ name, tool }: GovernedTool): readonly string[] {
  return [name, `${tool.server}/*`, '*'];
}

function isShown({ governed, disabled }: CatalogEntry, agent: string, manifest: Manifest): boolean {
  if (disabled !== undefined) return false;
  const patterns = patternsOf(governed);
  const config = Object.hasOwn(manifest.agents, agent) ? manifest.agents[agent] : undefined;
  if (config === undefined) return manifest.mode !== 'enforce';
  if (patterns.some((pattern) => config.deny.includes(pattern))) return false;
  // A written policy may permit what the manifest does not name, so where there are any, only denials hide.
  return manifest.policies.length > 0 || patterns.some((pattern) => Object.hasOwn(config.tools, pattern));
}
