import type { TypeOfAttribute } from '@cedar-policy/cedar-wasm/nodejs';
import type { GovernedTool, ToolName } from '../../model/tool.ts';
import { type ArgumentType, type OmittedArgument, readArgumentTypes } from './argument-type.ts';
import type { CedarSchema } from './validate-policies.ts';

/** The namespace of everything Chaperone names in Cedar. */
export const NAMESPACE = 'Chaperone';

/** What a fact about a user may be. A fact that is not of its declared type is opaque. */
export type UserAttributes = { readonly [name: string]: 'String' | 'Long' | 'Boolean' };

export interface GeneratedSchema {
  readonly schema: CedarSchema;
  /** What policies cannot mention, and why. */
  readonly omitted: readonly (OmittedArgument & { readonly tool: ToolName })[];
}

type Attributes = Record<string, TypeOfAttribute<string>>;

const STRING = { type: 'String' } as const;
const BOOLEAN = { type: 'Boolean' } as const;

/**
 * The Cedar schema that policies are validated against: one action per tool, whose context has the tool's arguments.
 *
 * Actions are `server/tool`, in the groups `server/*`, `read` or `write`, and `*`. The principal is an `Agent`, the
 * resource a `Tool` in its `Server`. The context is `arguments`, `user` (absent where nobody is attested), `run`,
 * `flow`, `effect`, `consequence` and `now`.
 */
export function generateCedarSchema(
  tools: readonly GovernedTool[],
  options: { readonly userAttributes?: UserAttributes } = {},
): GeneratedSchema {
  const omitted: GeneratedSchema['omitted'][number][] = [];
  const actions = new Map<string, object>([
    ['*', {}],
    ['read', { memberOf: [{ id: '*' }] }],
    ['write', { memberOf: [{ id: '*' }] }],
  ]);
  for (const { tool } of tools) actions.set(serverGroup(tool.server), { memberOf: [{ id: '*' }] });
  for (const tool of tools) {
    if (actions.has(tool.name)) {
      omitted.push({ tool: tool.name, path: '', reason: 'its name is that of another tool or of a group of tools' });
      continue;
    }
    const types = readArgumentTypes(tool.tool.inputSchema);
    for (const one of types.omitted) omitted.push({ tool: tool.name, ...one });
    actions.set(tool.name, {
      memberOf: groupsOf(tool).map((id) => ({ id })),
      appliesTo: { principalTypes: ['Agent'], resourceTypes: ['Tool'], context: contextType(types.type) },
    });
  }
  const schema: CedarSchema = {
    [NAMESPACE]: {
      commonTypes: {
        RunFacts: record(runFacts),
        FlowFacts: record(flowFacts),
        UserFacts: record(userFacts(options.userAttributes ?? {})),
      },
      entityTypes: {
        Group: {},
        User: { memberOfTypes: ['Group'], tags: STRING },
        Agent: { shape: record({ name: STRING, tenant: STRING }) },
        Server: {},
        Tool: {
          memberOfTypes: ['Server'],
          shape: record({ name: STRING, effect: STRING, consequence: STRING, declared: BOOLEAN }),
        },
      },
      actions: Object.fromEntries(actions),
    },
  };
  return { schema, omitted };
}

/** The name of the group that holds all of a server's actions. */
function serverGroup(server: string): string {
  return `${server}/*`;
}

/** The groups a tool's action is in directly or through another, narrowest first. */
export function groupsOf(tool: GovernedTool): readonly string[] {
  return [serverGroup(tool.tool.server), tool.effect, '*'];
}

const runFacts: Attributes = {
  attested: BOOLEAN,
  integrity: STRING,
  secrecy: STRING,
  task: STRING,
  read: { type: 'Set', element: STRING },
  flagged: BOOLEAN,
};

const flowFacts: Attributes = { verdict: STRING, authority: STRING, proved: BOOLEAN, outward: BOOLEAN };

function userFacts(attributes: UserAttributes): Attributes {
  const facts = Object.entries(attributes).map(([name, type]) => [name, { type, required: false }]);
  return {
    id: STRING,
    groups: { type: 'Set', element: STRING },
    attributes: record(Object.fromEntries(facts)),
    entity: { type: 'Entity', name: 'User' },
  };
}

function contextType(args: ArgumentType): object {
  return record({
    arguments: typeJson(args),
    user: { type: 'UserFacts', required: false },
    run: { type: 'RunFacts' },
    flow: { type: 'FlowFacts' },
    effect: STRING,
    consequence: STRING,
    now: { type: 'Extension', name: 'datetime' },
  });
}

function record(attributes: Attributes): { type: 'Record'; attributes: Attributes } {
  return { type: 'Record', attributes };
}

function typeJson(type: ArgumentType): TypeOfAttribute<string> {
  switch (type.kind) {
    case 'string':
      return STRING;
    case 'boolean':
      return BOOLEAN;
    case 'long':
      return { type: 'Long' };
    case 'decimal':
      return { type: 'Extension', name: 'decimal' };
    case 'set':
      return { type: 'Set', element: typeJson(type.element) };
    case 'record':
      return record(
        Object.fromEntries(
          [...type.members].map(([name, member]) => [name, { ...typeJson(member.type), required: member.required }]),
        ),
      );
  }
}
