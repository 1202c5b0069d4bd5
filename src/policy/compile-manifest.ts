import type { ErrorCode } from '../base/errors.ts';
import type { AgentConfig, Manifest, PlaceOf, ToolGrant } from '../model/manifest.ts';
import type { Place } from '../model/place.ts';
import { NAMESPACE } from './cedar/generate-cedar-schema.ts';
import type { PolicyKind } from './kernel.ts';
import { quoteCedar } from './quote-cedar.ts';

/** One policy that the manifest compiles to. */
export interface ManifestPolicy {
  /** The value of the policy's `@id`: the path of what it comes from, or `default.…` for what nobody wrote. */
  readonly id: string;
  readonly kind: PolicyKind;
  /** The Cedar text of this policy alone. */
  readonly text: string;
  /** The key or item of `chaperone.yaml` that says so, or the nearest thing above what holds by default. */
  readonly place: Place;
  /** Whether a person wrote this control. What holds by default is not explicit, nor is a permit. */
  readonly explicit: boolean;
  readonly code: ErrorCode | 'PERMITTED';
  /** What a decision says when this policy determines it, one sentence for people. */
  readonly message: string;
}

/**
 * The manifest as Cedar: grants permit, `deny` and `onBehalfOf` forbid, and what a person must approve is a forbid
 * marked `@ask`, which turns a permit into a question instead of a denial. Limits on arguments are not in it: they are
 * checked before policy is asked.
 *
 * Of an agent that has no entry, `enforce` permits nothing; `provisional` and `observe` permit what reads, or is
 * declared a write of low consequence, and ask about the rest.
 */
export function compileManifest(manifest: Manifest, placeOf: PlaceOf): ManifestPolicy[] {
  const listed = Object.keys(manifest.agents);
  const defaults = manifest.mode === 'enforce' ? requireReview(placeOf) : allowUnlisted(listed, placeOf);
  return [
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

/** Mode `enforce`: nobody calls what nobody reviewed. */
function requireReview(placeOf: PlaceOf): ManifestPolicy[] {
  const policy = write('default.unreviewed', 'forbid', EVERYTHING, ['unless { resource.declared }'], {
    place: placeOf(['mode']),
    message: 'the tool has no declared effect and consequence, which mode `enforce` requires',
  });
  return [{ ...policy, code: 'E_TOOL_UNREVIEWED' }];
}

/** Modes `provisional` and `observe`, for agents that have no entry. */
function allowUnlisted(listed: readonly string[], placeOf: PlaceOf): ManifestPolicy[] {
  const place = placeOf(['agents']);
  const unlisted = listed.length === 0 ? [] : [`unless { [${listed.map(agentUid).join(', ')}].contains(principal) }`];
  return [
    write('default.permit', 'permit', EVERYTHING, unlisted, {
      place,
      message: 'the agent has no entry in the manifest, and what does little harm is permitted',
    }),
    write(
      'default.ask-write',
      'ask',
      EVERYTHING,
      [
        'when { resource.effect == "write" }',
        'unless { resource.declared && resource.consequence == "low" }',
        ...unlisted,
      ],
      { place, message: 'the tool may write, and the agent has no entry in the manifest that grants it' },
    ),
    write('default.ask-high', 'ask', EVERYTHING, [IS_HIGH, ...unlisted], {
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
      write(id('onBehalfOf'), 'forbid', scope('*'), [outside], {
        place: at('onBehalfOf'),
        message: `\`${name}\` acts only for users in ${agent.onBehalfOf.map((group) => `\`${group}\``).join(' or ')}`,
        explicit: true,
      }),
    );
  }
  for (const [pattern] of grants) {
    compiled.push(
      write(id('tools', pattern), 'permit', scope(pattern), [], {
        place: at('tools', pattern),
        message: `\`${pattern}\` is granted to \`${name}\``,
      }),
    );
  }
  for (const [pattern, grant] of grants) {
    if (grant.approval !== 'required') continue;
    compiled.push(
      write(id('tools', pattern, 'approval'), 'ask', scope(pattern), [], {
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
      write(id('deny', pattern), 'forbid', scope(pattern), [], {
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
  const ask = (key: string, condition: string, message: string): ManifestPolicy =>
    write(`agents.${name}.${key}`, 'ask', `principal == ${agentUid(name)}, action, resource`, [condition, ...unless], {
      place,
      message: `${message}, and no grant says \`approval: never\``,
    });
  return [
    ask('ask-high', IS_HIGH, 'the tool can do much harm'),
    ask(
      'ask-undeclared',
      'when { resource.effect == "write" && !resource.declared }',
      'the tool may write, nobody declared how much harm that can do',
    ),
  ];
}

interface Origin {
  readonly place: Place;
  readonly message: string;
  readonly explicit?: boolean;
}

const CODES = { permit: 'PERMITTED', ask: 'E_APPROVAL_PENDING', forbid: 'E_DENIED' } as const;

function write(
  id: string,
  kind: PolicyKind,
  scope: string,
  conditions: readonly string[],
  { place, message, explicit = false }: Origin,
): ManifestPolicy {
  const lines = [`@id(${quoteCedar(id)})`];
  if (kind === 'ask') lines.push(`@ask(${quoteCedar(message)})`);
  lines.push(`${kind === 'permit' ? 'permit' : 'forbid'} (${scope})`, ...conditions);
  return { id, kind, text: `${lines.join('\n')};`, place, explicit, code: CODES[kind], message };
}

function agentUid(name: string): string {
  return `${NAMESPACE}::Agent::${quoteCedar(name)}`;
}

/** `server/tool`, `server/*`: the tool, or the server that all its tools are in. */
function resourceUid(pattern: string): string {
  if (pattern.endsWith('/*')) return `${NAMESPACE}::Server::${quoteCedar(pattern.slice(0, -2))}`;
  return `${NAMESPACE}::Tool::${quoteCedar(pattern)}`;
}

function resourceScope(pattern: string): string {
  if (pattern === '*') return 'resource';
  return `resource ${pattern.endsWith('/*') ? 'in' : '=='} ${resourceUid(pattern)}`;
}
