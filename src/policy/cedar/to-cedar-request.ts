import type { JsonValue } from '../../base/json.ts';
import type { FlowFacts } from '../../model/flow-facts.ts';
import type { Label } from '../../model/label.ts';
import type { Principal, User } from '../../model/principal.ts';
import type { GovernedTool } from '../../model/tool.ts';
import type { DecisionRequest } from '../kernel.ts';
import { type ArgumentMember, readArgumentTypes } from './argument-type.ts';
import type { CedarRequest, Entity } from './cedar-request.ts';
import { groupsOf, NAMESPACE, type UserAttributes } from './generate-cedar-schema.ts';
import { DateTime } from './time.ts';
import { toCedarRecord, toCedarValue } from './to-cedar-value.ts';
import { CedarRecord, CedarSet, EntityUid, Opaque, type Value } from './value.ts';

const noMembers = new CedarRecord(new Map());

/**
 * The request as policies see it, in the shape that `generateCedarSchema` describes. Pure; arguments are converted
 * only if a policy looks at them. Without `userAttributes`, the same that made the schema, `context.user.attributes`
 * is opaque throughout; the user entity's tags hold every fact that is a string in any case.
 */
export function toCedarRequest(request: DecisionRequest, userAttributes: UserAttributes = {}): CedarRequest {
  const { tool, run, flow } = request;
  const { action, resource, arguments: types } = factsOfTool(request.tool);
  const { agent, user } = factsOfPrincipal(request.principal);
  const entities = new Map<string, Entity>([
    [agent.uid.key, agent],
    [action.uid.key, action],
    [resource.uid.key, resource],
  ]);
  const context = new Map<string, Value>([
    ['arguments', toCedarRecord(request.arguments, types)],
    ['run', runRecord(run)],
    ['flow', flowRecord(flow)],
    ['effect', tool.effect],
    ['consequence', tool.consequence],
    ['now', timeOf(request.nowMs)],
  ]);
  if (user && request.principal.onBehalfOf) {
    entities.set(user.uid.key, user);
    context.set('user', userRecord(request.principal.onBehalfOf, user.uid, userAttributes));
  }
  return {
    principal: agent.uid,
    action: action.uid,
    resource: resource.uid,
    context: new CedarRecord(context),
    entities,
  };
}

interface PrincipalFacts {
  readonly agent: Entity;
  readonly user?: Entity;
}

// Principals and tools are immutable and come back call after call; a changed one is another object.
const principalFacts = new WeakMap<Principal, PrincipalFacts>();
const toolFacts = new WeakMap<GovernedTool, ToolFacts>();

function factsOfPrincipal(principal: Principal): PrincipalFacts {
  let facts = principalFacts.get(principal);
  if (!facts) {
    const agent: Entity = {
      uid: new EntityUid(`${NAMESPACE}::Agent`, principal.agent),
      attributes: new CedarRecord(
        new Map([
          ['name', principal.agent],
          ['tenant', principal.tenant],
        ]),
      ),
      ancestors: new Map(),
    };
    facts = { agent, ...(principal.onBehalfOf ? { user: userEntity(principal.onBehalfOf) } : {}) };
    principalFacts.set(principal, facts);
  }
  return facts;
}

interface ToolFacts {
  readonly action: Entity;
  readonly resource: Entity;
  readonly arguments: ReadonlyMap<string, ArgumentMember>;
}

function factsOfTool(tool: GovernedTool): ToolFacts {
  let facts = toolFacts.get(tool);
  if (!facts) {
    const groups = groupsOf(tool).map((id) => new EntityUid(`${NAMESPACE}::Action`, id));
    const server = new EntityUid(`${NAMESPACE}::Server`, tool.tool.server);
    facts = {
      action: {
        uid: new EntityUid(`${NAMESPACE}::Action`, tool.name),
        attributes: noMembers,
        ancestors: new Map(groups.map((group) => [group.key, group])),
      },
      resource: {
        uid: new EntityUid(`${NAMESPACE}::Tool`, tool.name),
        attributes: new CedarRecord(
          new Map<string, Value>([
            ['name', tool.name],
            ['effect', tool.effect],
            ['consequence', tool.consequence],
            ['declared', tool.declared],
          ]),
        ),
        ancestors: new Map([[server.key, server]]),
      },
      arguments: readArgumentTypes(tool.tool.inputSchema).type.members,
    };
    toolFacts.set(tool, facts);
  }
  return facts;
}

function runRecord(run: DecisionRequest['run']): CedarRecord {
  return new CedarRecord(
    () =>
      new Map<string, Value>([
        ['attested', run.attested],
        ['integrity', run.label.integrity],
        ['secrecy', run.label.secrecy],
        ['task', run.task],
        ['read', readTools(run.label)],
        ['flagged', run.label.flagged === true],
      ]),
  );
}

// A label stands for many calls: until something else is read it is the same object.
const toolsRead = new WeakMap<Label, CedarSet>();

/** The tools among a label's origins, each as `server/tool` and as `server/*`. */
function readTools(label: Label): CedarSet {
  let read = toolsRead.get(label);
  if (!read) {
    const tools = label.origins.filter((origin) => origin.includes('/'));
    read = new CedarSet(tools.flatMap((tool) => [tool, `${tool.slice(0, tool.indexOf('/'))}/*`]));
    toolsRead.set(label, read);
  }
  return read;
}

function flowRecord(flow: FlowFacts): CedarRecord {
  return new CedarRecord(
    () =>
      new Map<string, Value>([
        ['verdict', flow.verdict],
        ['authority', flow.authority],
        ['proved', flow.proved],
        ['outward', flow.outward],
      ]),
  );
}

function userEntity(user: User): Entity {
  const groups = user.groups.map((group) => new EntityUid(`${NAMESPACE}::Group`, group));
  return {
    uid: new EntityUid(`${NAMESPACE}::User`, user.id),
    attributes: noMembers,
    ancestors: new Map(groups.map((group) => [group.key, group])),
    tags: new CedarRecord(
      () => new Map(Object.entries(user.attributes).map(([name, fact]) => [name, userFact(fact, 'String')])),
    ),
  };
}

function userRecord(user: User, uid: EntityUid, types: UserAttributes): CedarRecord {
  return new CedarRecord(
    () =>
      new Map<string, Value>([
        ['id', user.id],
        ['groups', new CedarSet(user.groups)],
        [
          'attributes',
          new CedarRecord(
            new Map(Object.entries(user.attributes).map(([name, fact]) => [name, declaredFact(name, fact, types)])),
          ),
        ],
        ['entity', uid],
      ]),
  );
}

function declaredFact(name: string, fact: JsonValue, types: UserAttributes): Value {
  const type = Object.hasOwn(types, name) ? types[name] : undefined;
  return type ? userFact(fact, type) : new Opaque('the fact has no declared type');
}

const FACT_KINDS = { String: 'string', Long: 'long', Boolean: 'boolean' } as const;

function userFact(fact: JsonValue, type: UserAttributes[string]): Value {
  return toCedarValue(fact, { kind: FACT_KINDS[type] });
}

function timeOf(nowMs: number): Value {
  const ms = Math.trunc(nowMs);
  return Number.isSafeInteger(ms) ? new DateTime(ms === 0 ? 0 : ms) : new Opaque('the time is out of range');
}
