import { CANARY_AGENT } from '../model/canary.ts';
import type { AgentConfig, Manifest, PlaceOf, ToolGrant } from '../model/manifest.ts';
import type { Place } from '../model/place.ts';
import { compileFlows, obeyFlow } from './compile-flows.ts';
import { agentUid, type ManifestPolicy, resourceScope, resourceUid, writePolicy } from './manifest-policy.ts';
import { quoteCedar } from './quote-cedar.ts';

/**
 * The manifest as Cedar: grants permit, `deny` and `onBehalfOf` forbid, and what a person must approve is a forbid
 * marked `@ask`, which turns a permit into a question instead of a denial. Limits on arguments are not in it: they are
 * checked before policy is asked.
 *
 * What flow objects to is asked about or denied in every mode, and so is what `flows` says. Where flow has proved that
 * the user asked for exactly this write, the questions that only nobody's having declared the tool raises are not put.
 *
 * Of an agent that has no entry, `enforce` permits nothing; `provisional` and `observe` permit what reads, or is
 * declared a write of low consequence, and ask about the rest. The canary counts as one that has an entry and nothing in it.
 */
export function compileManifest(manifest: Manifest, placeOf: PlaceOf): ManifestPolicy[] {
  const listed = [...Object.keys(manifest.agents), CANARY_AGENT];
  const defaults = manifest.mode === 'enforce' ? requireReview(placeOf) : allowUnlisted(listed, placeOf);
  return [
    ...obeyFlow(placeOf),
    ...compileFlows(manifest.flows, placeOf),
    ...defaults,
    ...Object.entries(manifest.agents).flatMap(([name, agent]) => compileAgent(name, agent, placeOf)),
  ];
}

/** The compiled policies as one readable file, each under the line it comes from. */
export function printPolicies(policies: readonly ManifestPolicy[]): string {
  return policies.map(({ text, place }) => `// ${place.file}:${place.line}:${place.column}\n${text}\n`).join('\n');
}

const EVERYTHING = 'principal, action, resource';
const IS_HIGH = 'when { resource.consequence == "high" }';
/** The prompt asks for the very write, and every value it protects is trusted: what a person would be asked is known. */
const UNLESS_PROVED = 'unless { context.flow.proved }';

/** Mode `enforce`: nobody calls what nobody reviewed. */
function requireReview(placeOf: PlaceOf): ManifestPolicy[] {
  const policy = writePolicy('default.unreviewed', 'forbid', EVERYTHING, ['unless { resource.declared }'], {
    place: placeOf(['mode']),
    message: 'the tool has no declared effect and consequence, which mode `enforce` requires',
  });
  return [{ ...policy, code: 'E_TOOL_UNREVIEWED' }];
}

/** Modes `provisional` and `observe`, for agents that have no entry. */
function allowUnlisted(listed: readonly string[], placeOf: PlaceOf): ManifestPolicy[] {
  const place = placeOf(['agents']);
  const unlisted = [`unless { [${listed.map(agentUid).join(', ')}].contains(principal) }`];
  return [
    writePolicy('default.permit', 'permit', EVERYTHING, unlisted, {
      place,
      message: 'the agent has no entry in the manifest, and what does little harm is permitted',
    }),
    writePolicy(
      'default.ask-write',
      'ask',
      EVERYTHING,
      [
        'when { resource.effect == "write" }',
        'unless { resource.declared && resource.consequence == "low" }',
        UNLESS_PROVED,
        ...unlisted,
      ],
      { place, message: 'the tool may write, and the agent has no entry in the manifest that grants it' },
    ),
    writePolicy('default.ask-high', 'ask', EVERYTHING, [IS_HIGH, UNLESS_PROVED, ...unlisted], {
      place,
      message: 'the tool can do much harm, and the agent has no entry in the manifest that grants it',
    }),
  ];
}

function compileAgent(name: string, agent: AgentConfig, placeOf: PlaceOf): ManifestPolicy[] {
  const at = (...path: (string | number)[]): Place => placeOf(['agents', name, ...path]);
  const id = (...path: string[]): string => ['agents', name, ...path].join('.');
  const scope = (pattern: string): string => `principal == ${agentUid(name)}, action, ${resourceScope(pattern)}`;
  const grants = Object.entries(agent.tools);
  const compiled: ManifestPolicy[] = [];

  if (agent.onBehalfOf.length > 0) {
    const groups = agent.onBehalfOf.map(quoteCedar).join(', ');
    const outside = `unless { context has user && context.user.groups.containsAny([${groups}]) }`;
    compiled.push(
      writePolicy(id('onBehalfOf'), 'forbid', scope('*'), [outside], {
        place: at('onBehalfOf'),
        message: `\`${name}\` acts only for users in ${agent.onBehalfOf.map((group) => `\`${group}\``).join(' or ')}`,
        explicit: true,
      }),
    );
  }
  for (const [pattern] of grants) {
    compiled.push(
      writePolicy(id('tools', pattern), 'permit', scope(pattern), [], {
        place: at('tools', pattern),
        message: `\`${pattern}\` is granted to \`${name}\``,
      }),
    );
  }
  for (const [pattern, grant] of grants) {
    if (grant.approval !== 'required') continue;
    compiled.push(
      writePolicy(id('tools', pattern, 'approval'), 'ask', scope(pattern), [], {
        place: at('tools', pattern, 'approval'),
        message: `\`${pattern}\` is granted to \`${name}\` with \`approval: required\``,
        explicit: true,
      }),
    );
  }
  compiled.push(...askByConsequence(name, grants, at('tools')));
  for (const [i, pattern] of agent.deny.entries()) {
    if (agent.deny.indexOf(pattern) !== i) continue;
    compiled.push(
      writePolicy(id('deny', pattern), 'forbid', scope(pattern), [], {
        place: at('deny', i),
        message: `\`${pattern}\` is denied to \`${name}\``,
        explicit: true,
      }),
    );
  }
  return compiled;
}

/** Where a grant says nothing of approval, the tool's consequence decides; a write that nobody declared asks too. */
function askByConsequence(name: string, grants: readonly [string, ToolGrant][], place: Place): ManifestPolicy[] {
  const lifted = grants.filter(([, grant]) => grant.approval === 'never').map(([pattern]) => pattern);
  if (grants.length === 0 || lifted.includes('*')) return [];
  // One set for servers and one for tools: the elements of a set are of one type.
  const isServer = (pattern: string): boolean => pattern.endsWith('/*');
  const sets = [lifted.filter(isServer), lifted.filter((pattern) => !isServer(pattern))]
    .filter((set) => set.length > 0)
    .map((set) => `resource in [${set.map(resourceUid).join(', ')}]`);
  const unless = sets.length === 0 ? [] : [`unless { ${sets.join(' || ')} }`];
  const ask = (key: string, conditions: readonly string[], message: string): ManifestPolicy =>
    writePolicy(
      `agents.${name}.${key}`,
      'ask',
      `principal == ${agentUid(name)}, action, resource`,
      [...conditions, ...unless],
      { place, message: `${message}, and no grant says \`approval: never\`` },
    );
  return [
    ask('ask-high', [IS_HIGH], 'the tool can do much harm'),
    ask(
      'ask-undeclared',
      ['when { resource.effect == "write" && !resource.declared }', UNLESS_PROVED],
      'the tool may write, nobody declared how much harm that can do',
    ),
  ];
}
