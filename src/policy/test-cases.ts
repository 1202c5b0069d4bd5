import { z } from 'zod';
import { type ErrorCode, errors } from '../base/errors.ts';
import type { JsonObject } from '../base/json.ts';
import type { Decision } from '../model/decision.ts';
import { unassessedFlow } from '../model/flow-facts.ts';
import { type Label, leastLabel } from '../model/label.ts';
import { agentNameSchema, userSchema } from '../model/principal.ts';
import type { GovernedTool, ToolName } from '../model/tool.ts';
import type { DecisionRequest, Kernel, PolicyInfo } from './kernel.ts';

const runSchema = z.strictObject({
  attested: z.boolean().default(false).describe('Whether the host application vouches for the user’s prompt.'),
  task: z.string().max(1_024).default('').describe('The run’s task.'),
  integrity: z.enum(['trusted', 'untrusted']).default(leastLabel.integrity).describe('What the run has read so far.'),
  secrecy: z
    .enum(['public', 'internal', 'secret'])
    .default(leastLabel.secrecy)
    .describe('The most secret thing it read.'),
  read: z
    .array(z.string().regex(/^[a-zA-Z0-9_-]+\/\S+$/, '`server/tool` or `server/*`'))
    .default([])
    .describe('The tools it read: `server/tool`, or `server/*` for any of a server.'),
  flagged: z.boolean().default(false).describe('Whether instructions to the model were found in what it read.'),
});

const flowSchema = z.strictObject({
  verdict: z
    .enum(['permit', 'ask', 'deny'])
    .default(unassessedFlow.verdict)
    .describe('What flow says of the values and the task.'),
  authority: z
    .enum(['read', 'granted', 'unasked', 'refused', 'unknown'])
    .default(unassessedFlow.authority)
    .describe('What the user’s prompt says of the call.'),
  proved: z.boolean().default(unassessedFlow.proved).describe('Whether the prompt asks for exactly this.'),
  declared: z
    .boolean()
    .default(unassessedFlow.declared)
    .describe('Whether the objection is about an argument that the manifest protects.'),
  outward: z
    .boolean()
    .describe('Whether something may leave the organisation; absent: whether the tool can send anything anywhere.')
    .optional(),
});

/** One call and what policy should say to it. */
export const testCaseSchema = z.strictObject({
  name: z.string().min(1).max(256).describe('What the case shows, in a few words.'),
  agent: agentNameSchema.describe('Who calls.'),
  user: userSchema.describe('The user the agent works for; absent: nobody.').optional(),
  tool: z
    .string()
    .regex(/^[a-zA-Z0-9_-]+\/[^\s*]+$/, '`server/tool`')
    .describe('The tool that is called.'),
  arguments: z.record(z.string(), z.json()).default({}).describe('The arguments of the call.'),
  run: runSchema.prefault({}).describe('The state of the run.'),
  flow: flowSchema.prefault({}).describe('What is known of where the values come from; absent: no objection.'),
  expect: z.enum(['permit', 'ask', 'deny']).describe('What the decision should be.'),
  reason: z
    .string()
    .min(1)
    .describe('An error code, or the id of a policy, that must be among the reasons.')
    .optional(),
});
export type TestCase = z.infer<typeof testCaseSchema>;

/** A file of policy test cases. Unknown keys are refused: an expectation that is misspelt must not be one that is absent. */
export const testFileSchema = z.strictObject({
  version: z.literal(1).default(1).describe('The version of this file’s format.'),
  cases: z
    .array(testCaseSchema)
    .min(1)
    .refine((cases) => new Set(cases.map(({ name }) => name)).size === cases.length, 'two cases have the same name')
    .describe('The cases, each with a name of its own.'),
});
export type TestFile = z.infer<typeof testFileSchema>;

/** What cases are judged by: one bundle, its tools, and the argument check that stands before the kernel. */
export interface TestSubject {
  readonly kernel: Kernel;
  /** The manifest's tenant. */
  readonly tenant: string;
  readonly tools: ReadonlyMap<ToolName, GovernedTool>;
  /** A denial if the arguments do not pass, undefined if they do. */
  readonly checkArguments: (request: DecisionRequest) => Decision | undefined;
  /** The instant every case is decided at, ms since the Unix epoch. */
  readonly nowMs: number;
}

export interface CaseResult {
  readonly case: TestCase;
  readonly passed: boolean;
  readonly decision: Decision;
  /** What was expected and what came, in one sentence. Absent when passed. */
  readonly failure?: string;
}

export interface TestReport {
  readonly results: readonly CaseResult[];
  readonly passed: number;
  readonly failed: number;
  /** Which rules the cases tell apart: a rule that determined no case could be deleted without a case failing. */
  readonly coverage: { readonly covered: readonly PolicyInfo[]; readonly uncovered: readonly PolicyInfo[] };
}

/** Runs every case, in order, each alone: a case that fails stops nothing. Pure. */
export function runTestCases(file: TestFile, subject: TestSubject): TestReport {
  const determining = new Set<string>();
  const results = file.cases.map((testCase): CaseResult => {
    const decision = judge(testCase, subject);
    for (const { policy } of decision.reasons) if (policy !== undefined) determining.add(policy);
    const failure = compare(testCase, decision);
    return { case: testCase, passed: failure === undefined, decision, ...(failure === undefined ? {} : { failure }) };
  });
  const failed = results.filter((result) => !result.passed).length;
  return {
    results,
    passed: results.length - failed,
    failed,
    coverage: {
      covered: subject.kernel.policies.filter((policy) => determining.has(policy.id)),
      uncovered: subject.kernel.policies.filter((policy) => !determining.has(policy.id)),
    },
  };
}

function judge(testCase: TestCase, { kernel, tenant, tools, checkArguments, nowMs }: TestSubject): Decision {
  // The schema admits only names with a slash.
  const tool = tools.get(testCase.tool as ToolName);
  if (tool === undefined) return refuse(kernel, 'E_TOOL_UNKNOWN', `no server has a tool \`${testCase.tool}\``);
  const request: DecisionRequest = {
    principal: { tenant, agent: testCase.agent, ...(testCase.user && { onBehalfOf: testCase.user }) },
    tool,
    // zod's JSON and ours are the same values under two names.
    arguments: testCase.arguments as JsonObject,
    run: {
      attested: testCase.run.attested,
      label: labelOf(testCase.run),
      task: testCase.run.task,
    },
    flow: { ...testCase.flow, outward: testCase.flow.outward ?? canSend(tool), reasons: [] },
    nowMs,
  };
  return checkArguments(request) ?? kernel.decide(request);
}

function labelOf({ integrity, secrecy, read, flagged }: TestCase['run']): Label {
  return { integrity, secrecy, origins: read, ...(flagged ? { flagged } : {}) };
}

/** Whether a tool has an argument that takes something out: of a read, any sink does. */
function canSend({ effect, sinks }: GovernedTool): boolean {
  if (effect === 'read') return sinks.length > 0;
  return sinks.some(({ carries }) => carries === 'destination' || carries === 'recipient');
}

function refuse(kernel: Kernel, code: ErrorCode, message: string): Decision {
  return { verdict: 'deny', reasons: [{ code, message }], obligations: [], bundle: kernel.bundle };
}

function compare(testCase: TestCase, decision: Decision): string | undefined {
  // A call that `observe` lets pass is judged by what policy says of it.
  const verdict = decision.observed ?? decision.verdict;
  const came = decision.reasons.map((reason) => reason.policy ?? reason.code).join(', ');
  if (verdict !== testCase.expect) return `expected ${testCase.expect}, got ${verdict} (${came})`;
  const { reason } = testCase;
  if (reason === undefined || decision.reasons.some(({ code, policy }) => code === reason || policy === reason)) {
    return undefined;
  }
  const known = Object.hasOwn(errors, reason) ? 'code' : 'policy';
  return `expected ${testCase.expect} because of ${known} \`${reason}\`, got it because of ${came}`;
}
