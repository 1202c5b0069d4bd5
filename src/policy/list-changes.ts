import type { Consequence, Effect } from '../model/effect.ts';
import type { AgentConfig, ToolGrant } from '../model/manifest.ts';
import { printPlace } from '../model/place.ts';
import type { User } from '../model/principal.ts';
import { toCedarRequest } from './cedar/to-cedar-request.ts';
import type { DecisionRequest } from './kernel.ts';
import { listFlowChanges } from './list-flow-changes.ts';
import type { Change, Ground, WhatIf } from './what-if.ts';

/** Every change worth trying in this world, the least far-reaching first. Most will turn out not to help. */
export function listChanges(start: WhatIf, ground: Ground): Change[] {
  const changes = listManifestChanges(start.request, ground);
  // Another change can wake a policy that does not hold now: a forbid on declared tools, say.
  const worlds = [start, ...changes.map((change) => change.apply(start)), applyAll(start, changes)];
  const dropping = new Map<string, Change>();
  for (const { request } of worlds) {
    for (const change of dropPolicies(request, ground)) {
      if (!dropping.has(change.about)) dropping.set(change.about, change);
    }
  }
  return [...changes, ...dropping.values()];
}

export function applyAll(start: WhatIf, changes: readonly Change[]): WhatIf {
  return changes.reduce((world, change) => change.apply(world), start);
}

function listManifestChanges(request: DecisionRequest, ground: Ground): Change[] {
  const { agent } = request.principal;
  const entry = Object.hasOwn(ground.manifest.agents, agent) ? ground.manifest.agents[agent] : undefined;
  const at = (...path: (string | number)[]): string => printPlace(ground.placeOf(path));
  return [
    ...listFlowChanges(request, ground),
    ...(entry ? liftDenials(request, entry, at) : []),
    ...(entry ? changeUser(request, entry, at) : []),
    ...(entry
      ? changeGrants(request, entry, at)
      : [addEntry(request, {}, at), addEntry(request, { approval: 'never' }, at)]),
    ...declareTool(request, at),
  ];
}

/** Grants and denials that are about this tool, narrowest first. */
export function patternsOf({ tool: { name, tool } }: DecisionRequest): readonly string[] {
  return [name, `${tool.server}/*`, '*'];
}

type At = (...path: (string | number)[]) => string;

function liftDenials(request: DecisionRequest, entry: AgentConfig, at: At): Change[] {
  const { agent } = request.principal;
  return patternsOf(request)
    .filter((pattern) => entry.deny.includes(pattern))
    .map((pattern) => ({
      about: `deny ${pattern}`,
      sentence: `remove \`${pattern}\` from \`deny\` at ${at('agents', agent, 'deny', entry.deny.indexOf(pattern))}`,
      apply: editEntry(agent, (now) => ({ ...now, deny: now.deny.filter((other) => other !== pattern) })),
    }));
}

function changeUser({ principal }: DecisionRequest, entry: AgentConfig, at: At): Change[] {
  const [first] = entry.onBehalfOf;
  if (first === undefined) return [];
  const groups = entry.onBehalfOf.map((group) => `\`${group}\``).join(' or ');
  const rule = `which \`onBehalfOf\` at ${at('agents', principal.agent, 'onBehalfOf')} requires`;
  const user: User = principal.onBehalfOf ?? { id: 'somebody', groups: [], attributes: {} };
  const sentence = principal.onBehalfOf
    ? `put user \`${user.id}\` in ${groups}, ${rule}`
    : `call on behalf of a user in ${groups}, ${rule}`;
  const onBehalfOf = { ...user, groups: [...user.groups, first] };
  const apply: Change['apply'] = (world) => ({
    ...world,
    request: { ...world.request, principal: { ...principal, onBehalfOf } },
  });
  return [{ about: 'user', sentence, apply }];
}

function changeGrants(request: DecisionRequest, entry: AgentConfig, at: At): Change[] {
  const { agent } = request.principal;
  const { name } = request.tool;
  const changes: Change[] = [];
  const setGrant = (pattern: string, grant: Partial<ToolGrant>): Change['apply'] =>
    editEntry(agent, (now) => ({ ...now, tools: { ...now.tools, [pattern]: { arguments: {}, ...grant } } }));

  for (const pattern of patternsOf(request)) {
    if (!Object.hasOwn(entry.tools, pattern) || entry.tools[pattern]?.approval !== 'required') continue;
    const place = at('agents', agent, 'tools', pattern, 'approval');
    const sentence = `remove \`approval: required\` of \`${pattern}\` at ${place}`;
    changes.push({ about: `grant ${pattern}`, sentence, apply: setGrant(pattern, {}) });
  }
  const never = setGrant(name, { approval: 'never' });
  if (Object.hasOwn(entry.tools, name)) {
    const place = at('agents', agent, 'tools', name);
    const sentence = `write \`approval: never\` in the grant of \`${name}\` at ${place}`;
    changes.push({ about: `grant ${name}`, sentence, apply: never });
  } else {
    const where = `to \`tools\` of \`${agent}\` at ${at('agents', agent, 'tools')}`;
    changes.push({ about: `grant ${name}`, sentence: `add \`${name}: {}\` ${where}`, apply: setGrant(name, {}) });
    const sentence = `add \`${name}: { approval: never }\` ${where}`;
    changes.push({ about: `grant ${name}`, sentence, apply: never });
  }
  return changes;
}

function addEntry(
  { principal: { agent }, tool: { name } }: DecisionRequest,
  grant: Partial<ToolGrant>,
  at: At,
): Change {
  const written = grant.approval === undefined ? '{}' : `{ approval: ${grant.approval} }`;
  return {
    about: `grant ${name}`,
    sentence: `add an entry \`${agent}: { tools: { ${name}: ${written} } }\` to \`agents\` at ${at('agents')}`,
    apply: (world) => {
      const entry = { onBehalfOf: [], deny: [], tools: { [name]: { arguments: {}, ...grant } } };
      return { ...world, manifest: { ...world.manifest, agents: { ...world.manifest.agents, [agent]: entry } } };
    },
  };
}

const LOWER: Readonly<Record<Consequence, readonly Consequence[]>> = {
  high: ['high', 'medium', 'low'],
  medium: ['medium', 'low'],
  low: ['low'],
};

/** What a person declared is taken as true: only of an undeclared tool can a declaration be wanting. */
function declareTool({ tool }: DecisionRequest, at: At): Change[] {
  if (tool.declared) return [];
  const declare = (about: string, effect: Effect, consequence: Consequence): Change => ({
    about,
    sentence: `declare \`${tool.name}: { effect: ${effect}, consequence: ${consequence} }\` in \`tools\` at ${at('tools', tool.name)}, if that is true of it`,
    apply: (world) => ({
      ...world,
      request: { ...world.request, tool: { ...world.request.tool, effect, consequence, declared: true } },
    }),
  });
  const asInferred = LOWER[tool.consequence].map((consequence) => declare('declaration', tool.effect, consequence));
  return tool.effect === 'read' ? asInferred : [declare('declaration as read', 'read', 'low'), ...asInferred];
}

function dropPolicies(request: DecisionRequest, { book, manifest }: Ground): Change[] {
  const { forbids, errors } = book.evaluate(toCedarRequest(request, manifest.users.attributes));
  const dropping = (id: string, sentence: string): Change => ({
    about: `policy ${id}`,
    sentence,
    apply: (world) => ({ ...world, dropped: new Set([...world.dropped, id]) }),
  });
  return [
    ...forbids
      .map(book.ruleOf)
      .filter((rule) => !rule.generated)
      .map(({ id, place }) => dropping(id, `remove or narrow policy \`${id}\` at ${printPlace(place)}`)),
    ...errors
      .map(({ policy }) => book.ruleOf(policy))
      .filter((rule) => !rule.generated)
      .map(({ id, place }) =>
        dropping(id, `repair policy \`${id}\` at ${printPlace(place)}, which cannot be evaluated`),
      ),
  ];
}

function editEntry(agent: string, edit: (entry: AgentConfig) => AgentConfig): Change['apply'] {
  return (world) => {
    const entry = world.manifest.agents[agent];
    if (!entry) return world;
    return { ...world, manifest: { ...world.manifest, agents: { ...world.manifest.agents, [agent]: edit(entry) } } };
  };
}
