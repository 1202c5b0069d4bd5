import type { StatefulAuthorizationCall } from '@cedar-policy/cedar-wasm/nodejs';
import { digestBytes } from '../src/base/digest.ts';
import { unassessedFlow } from '../src/model/flow-facts.ts';
import { leastLabel } from '../src/model/label.ts';
import { manifestSchema } from '../src/model/manifest.ts';
import { buildKernel } from '../src/policy/build-kernel.ts';
import { toCedarJson } from '../src/policy/cedar/to-cedar-json.ts';
import { toCedarRequest } from '../src/policy/cedar/to-cedar-request.ts';
import { governTools } from '../src/policy/govern.ts';
import type { DecisionRequest, Kernel } from '../src/policy/kernel.ts';

const CASES = 512;
const POLICIES_PER_AGENT = 10;
const MAX_DAYS = 30;

/** Where policies say whom and what they are about: in their scopes, or as people also write it, in the conditions. */
export type PolicyShape = 'scoped' | 'unscoped';

/** One request, in the form of each engine, and the answer that all must give. */
export interface PolicyCase {
  readonly request: DecisionRequest;
  readonly agent: string;
  readonly context: Record<string, unknown>;
  readonly permitted: boolean;
}

export interface PolicyWork {
  readonly count: number;
  readonly shape: PolicyShape;
  readonly kernel: Kernel;
  readonly cases: readonly PolicyCase[];
  readonly cedarText: string;
  readonly cedarCall: (index: number) => Omit<StatefulAuthorizationCall, 'preparsedPolicySetId'>;
  readonly governancePolicy: object;
}

/**
 * `count` policies over `count / 2` tools: each tool has one that permits one agent to call it with at most 30 days,
 * and one that forbids it for archived records. Requests ask in equal parts for what is permitted, too many days, what
 * is archived, and another agent's tool. Unscoped, the same is said in the conditions alone.
 */
export function makePolicyWork(count: number, shape: PolicyShape = 'scoped'): PolicyWork {
  const toolCount = count / 2;
  const agentOf = (tool: number) => `agent-${Math.floor((2 * tool) / POLICIES_PER_AGENT)}`;
  const tools = Array.from({ length: toolCount }, (_, tool) => tool);
  const cedarText = tools.map((tool) => cedarPolicies(tool, agentOf(tool), shape)).join('\n');
  const agentCount = Math.ceil(count / POLICIES_PER_AGENT);
  const agents = Object.fromEntries(Array.from({ length: agentCount }, (_, agent) => [`agent-${agent}`, {}]));
  const manifest = manifestSchema.parse({
    version: 1,
    mode: 'provisional',
    agents,
    tools: Object.fromEntries(tools.map((tool) => [`crm/t${tool}`, { effect: 'read', consequence: 'low' }])),
  });
  const placeOf = () => ({ file: 'bench', line: 1, column: 1 });
  const governed = governTools(
    tools.map((tool) => ({ server: 'crm', name: `t${tool}`, description: 'Reads records.', inputSchema: SCHEMA })),
    manifest,
    placeOf,
  ).tools;
  const { kernel } = buildKernel({
    bundle: digestBytes('rules'),
    manifest,
    placeOf,
    policyFiles: [{ file: 'bench.cedar', text: cedarText }],
    tools: [...governed.values()],
  });

  const principals = new Map(Object.keys(agents).map((agent) => [agent, { tenant: 'default', agent }]));
  const cases = Array.from({ length: CASES }, (_, index): PolicyCase => {
    const tool = (index * 7) % toolCount;
    const kind = index % 4;
    const agent = kind === 3 ? agentOf((tool + POLICIES_PER_AGENT) % toolCount) : agentOf(tool);
    const args = { days: kind === 1 ? MAX_DAYS + 1 : index % MAX_DAYS, archived: kind === 2, note: 'for the quarter' };
    const governedTool = governed.get(`crm/t${tool}`);
    const principal = principals.get(agent);
    if (!governedTool || !principal) throw new Error('every case has a tool and an agent');
    return {
      request: {
        principal,
        tool: governedTool,
        arguments: args,
        run: { attested: false, label: leastLabel, task: '' },
        flow: unassessedFlow,
        nowMs: 1_700_000_000_000 + index,
      },
      agent,
      context: { agent, tool: `crm/t${tool}`, ...args },
      permitted: kind === 0 || (kind === 3 && agent === agentOf(tool)),
    };
  });
  const calls = cases.map(({ request }) => toCedarJson(toCedarRequest(request)));
  return {
    count,
    shape,
    kernel,
    cases,
    cedarText,
    cedarCall: (index) => {
      const call = calls[index];
      if (!call) throw new Error('there is a call for every case');
      return call;
    },
    governancePolicy: governancePolicy(tools, agentOf),
  };
}

const SCHEMA = {
  type: 'object',
  properties: { days: { type: 'integer' }, archived: { type: 'boolean' }, note: { type: 'string' } },
  required: ['days', 'archived', 'note'],
  additionalProperties: false,
};

function cedarPolicies(tool: number, agent: string, shape: PolicyShape): string {
  if (shape === 'unscoped') {
    const entities = `principal == Chaperone::Agent::"${agent}" && action == Chaperone::Action::"crm/t${tool}"`;
    const names = `context.effect == "read" && resource.name == "crm/t${tool}" && principal.name == "${agent}"`;
    return [
      `@id("permit-${tool}") permit (principal, action, resource) when { ${entities} && context.arguments.days <= ${MAX_DAYS} };`,
      `@id("forbid-${tool}") forbid (principal, action, resource) when { ${names} && context.arguments.archived };`,
    ].join('\n');
  }
  const scope = `principal == Chaperone::Agent::"${agent}", action == Chaperone::Action::"crm/t${tool}", resource`;
  return [
    `@id("permit-${tool}") permit (${scope}) when { context.arguments.days <= ${MAX_DAYS} };`,
    `@id("forbid-${tool}") forbid (${scope}) when { context.arguments.archived };`,
  ].join('\n');
}

/** The same rules in the words of the peer, whose default is to deny and where denials win. */
function governancePolicy(tools: readonly number[], agentOf: (tool: number) => string): object {
  const rules = tools.flatMap((tool) => {
    const scope = `agent == '${agentOf(tool)}' and tool == 'crm/t${tool}'`;
    return [
      { name: `permit-${tool}`, condition: `${scope} and days <= ${MAX_DAYS}`, ruleAction: 'allow', priority: 1 },
      { name: `forbid-${tool}`, condition: `${scope} and archived == true`, ruleAction: 'deny', priority: 2 },
    ];
  });
  return { name: 'bench', scope: 'global', default_action: 'deny', rules };
}
