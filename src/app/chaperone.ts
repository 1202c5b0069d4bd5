import { z } from 'zod';
import type { Digest } from '../base/digest.ts';
import { Fault } from '../base/fault.ts';
import type { JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import type { StopTarget } from '../contract/isolation.ts';
import { type ModelStep, modelStepSchema, type Template, templateSchema } from '../contract/model-step.ts';
import type { PlanStep } from '../flow/declared-plan.ts';
import type { Approval } from '../model/approval.ts';
import type { Delegation } from '../model/duty.ts';
import type { Isolation } from '../model/isolation.ts';
import type { User } from '../model/principal.ts';
import { agentNameSchema, userSchema } from '../model/principal.ts';
import { type PromptPart, promptPartSchema } from '../model/prompt.ts';
import type { Run } from '../model/run.ts';
import { parseTrace } from '../model/trace.ts';
import { answerApproval, type GivenAnswer } from '../runtime/approving/answer-approval.ts';
import type { ApprovalCard } from '../runtime/approving/approval-card.ts';
import { type AskedPlan, askPlan, type PlanAnswer } from '../runtime/approving/ask-plan.ts';
import { delegateDuty } from '../runtime/approving/delegate-duty.ts';
import { readCard } from '../runtime/approving/read-card.ts';
import { waitForAnswer } from '../runtime/approving/wait-for-answer.ts';
import { type CallRecord, readCallRecord } from '../runtime/explain.ts';
import { type HistoryAnswer, type IngestAnswer, ingest, ingestHistory } from '../runtime/ingest.ts';
import type { CallAnswer } from '../runtime/line/call-answer.ts';
import { resumeRun } from '../runtime/pause-run.ts';
import { type ReleaseAnswer, release } from '../runtime/release.ts';
import { reportModelStep } from '../runtime/report-model-step.ts';
import { type BudgetUse, readUsage } from '../runtime/report-usage.ts';
import { type Delegate, delegateRun } from './delegate-run.ts';
import type { Gateway } from './gateway.ts';
import { describeFunctions, type GuardedTool } from './guarded-tool.ts';
import { APP_SERVER } from './host-server.ts';
import type { Stopped } from './isolation/stop.ts';
import { type ResumeBy, resumeForHost, type StopBy, stopForHost } from './isolation/stop-for-host.ts';
import { type CallReceipt, readReceipt } from './ledger/read-receipt.ts';
import { reportRunUsage, type Usage } from './report-run-usage.ts';
import { unwrapAnswer } from './unwrap-answer.ts';

/** What starts a run. The host application attests the user and the prompt. */
export interface StartRun {
  readonly agent: string;
  /** The human the agent works for. */
  readonly user?: {
    readonly id: string;
    readonly groups?: readonly string[];
    readonly attributes?: User['attributes'];
  };
  /** A name for the task, for people who read the record. */
  readonly task?: string;
  /** The user's own words, or typed parts where some of it was quoted or attached. */
  readonly prompt?: string | readonly PromptPart[];
  /** Texts that no answer of the run may hold, not in part and not in another encoding: the system prompt, say. */
  readonly confidential?: readonly string[];
  /** Milliseconds until the run expires. */
  readonly lifetimeMs?: number;
}

/** How a person answered, as the host application vouches for. A session unless told. */
export type HowAnswered = Partial<Pick<GivenAnswer, 'presence' | 'groups' | 'confirm'>>;
/** What goes with a call besides its arguments. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly approvalId?: string;
  readonly purpose?: string;
  readonly traceparent?: string;
}
/** One call of a declared plan. */
export interface PlannedCall {
  /** `server/tool`; functions of the application itself are `app/name`. */
  readonly tool: string;
  /** Values the plan fixes. What is left out stays open. */
  readonly arguments?: JsonObject;
  /** How often it may run. Once unless told. */
  readonly times?: number;
}

/** One call that people are asked about before it is made. */
export interface AskedCall {
  /** `server/tool`; functions of the application itself are `app/name`. */
  readonly tool: string;
  readonly arguments?: JsonObject;
  /** What the agent says it is for; shown as a quotation. */
  readonly purpose?: string;
}

/** Chaperone inside your own process: the same line, policy and record as the gateway. */
export class Chaperone implements AsyncDisposable {
  readonly #gateway: Gateway;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  /** Starts a run. Throws a `Fault`: E_REQUEST_INVALID, E_STORE. */
  async startRun(start: StartRun): Promise<ChaperoneRun> {
    const { tenant } = this.#gateway.loaded.manifest;
    const prompt = typeof start.prompt === 'string' ? [{ kind: 'user' as const, text: start.prompt }] : start.prompt;
    const parsed = startSchema.safeParse({ ...start, prompt });
    if (!parsed.success) throw new Fault('E_REQUEST_INVALID', z.prettifyError(parsed.error));
    const { agent, user, task, confidential, lifetimeMs } = parsed.data;
    const run = await this.#gateway.world.runs.start({
      principal: { tenant, agent, ...(user === undefined ? {} : { onBehalfOf: user }) },
      task,
      prompt: parsed.data.prompt as readonly PromptPart[], // `exactOptionalPropertyTypes` and zod differ on `name`
      attested: true,
      ...(confidential === undefined ? {} : { confidential }),
      ...(lifetimeMs === undefined ? {} : { lifeMs: lifetimeMs }),
    });
    return new ChaperoneRun(this.#gateway, run);
  }

  /** Approvals that wait for a person, newest first. `after`: the id of the last one of the page before. */
  pendingApprovals(limit = 100, after?: string): Promise<readonly Approval[]> {
    return this.#gateway.world.store.listApprovals(this.#gateway.loaded.manifest.tenant, 'pending', limit, after);
  }

  /** What an approver is shown, made from the call itself. Throws a `Fault` E_NOT_FOUND. */
  async readCard(approvalId: string): Promise<ApprovalCard> {
    const { loaded, world } = this.#gateway;
    const approval = await world.store.readApproval(loaded.manifest.tenant, approvalId);
    if (approval === undefined) throw new Fault('E_NOT_FOUND', `there is no approval \`${approvalId}\``);
    return readCard(world.store, loaded.manifest, approval);
  }

  /**
   * Records the answer of a person that this application has authenticated. What it says of their presence it vouches
   * for; `confirm` repeats the tool's name, for what can do much harm. Throws a `Fault` with the code that says why the
   * answer cannot be taken: E_NOT_FOUND, E_APPROVAL_USED, E_APPROVAL_EXPIRED, E_APPROVER, E_APPROVAL_OWN,
   * E_APPROVAL_SAME_PERSON, E_APPROVAL_PRESENCE, E_APPROVAL_CONFIRM, E_APPROVAL_FLOOD.
   */
  answerApproval(approvalId: string, approve: boolean, by: string, how: HowAnswered = {}): Promise<Approval> {
    const { tenant } = this.#gateway.loaded.manifest;
    return answerApproval(this.#gateway.world, { presence: 'session', ...how, tenant, approvalId, approve, by });
  }

  /** Lets a deputy answer in somebody's place for a time. Throws a `Fault` E_REQUEST_INVALID. */
  delegateDuty(from: string, to: string, lifeMs: number): Promise<Delegation> {
    const { tenant } = this.#gateway.loaded.manifest;
    return delegateDuty(this.#gateway.world, { tenant, from, to, lifeMs });
  }

  /**
   * Registers a version of a prompt template, to be named by the steps of models that use it; the same once more does nothing.
   * Answers with its digest. Throws a `Fault`: E_REQUEST_INVALID, E_TEMPLATE_CHANGED where the version has another text, E_STORE.
   */
  async registerTemplate(template: Template): Promise<Digest> {
    const parsed = templateSchema.safeParse(template);
    if (!parsed.success) throw new Fault('E_REQUEST_INVALID', z.prettifyError(parsed.error));
    return this.#gateway.templates.register(this.#gateway.loaded.manifest.tenant, parsed.data);
  }

  /** Lets a paused run go on, as that person decided. Throws a `Fault`: E_RUN_UNKNOWN, E_STORE. */
  resumeRun(runId: string, by: string): Promise<void> {
    return resumeRun(this.#gateway.world, { tenant: this.#gateway.loaded.manifest.tenant, runId, by });
  }

  /**
   * Stops something: when this resolves no new call in it is granted, through any gateway on the data folder. `inFlight`
   * cannot be recalled. Throws a `Fault`: E_REQUEST_INVALID, E_STORE.
   */
  stop(target: StopTarget, by: StopBy): Promise<Stopped> {
    return stopForHost(this.#gateway, target, by);
  }

  /** Lets back what somebody else stopped. Throws E_NOT_ISOLATED, E_SECOND_PERSON, E_INCIDENT_OPEN, E_SWITCH_THROWN. */
  resume(target: StopTarget, by: ResumeBy): Promise<void> {
    return resumeForHost(this.#gateway, target, by);
  }

  /** What is stopped. */
  isolations(): Promise<readonly Isolation[]> {
    return this.#gateway.world.store.listIsolations();
  }

  /** Everything recorded of a call. Throws a `Fault` E_NOT_FOUND. */
  explain(callId: string): Promise<CallRecord> {
    return readCallRecord(this.#gateway.world.store, this.#gateway.loaded.manifest.tenant, callId);
  }

  async close(): Promise<void> {
    await this.#gateway.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** One task of one agent for one user. */
export class ChaperoneRun implements AsyncDisposable {
  readonly #gateway: Gateway;
  readonly #run: Run;

  constructor(gateway: Gateway, run: Run) {
    this.#gateway = gateway;
    this.#run = run;
  }

  get id(): string {
    return this.#run.id;
  }

  /**
   * Runs a tool through the straight line and says what came of it, as a value. `tool` is `server/tool`. `approvalId`
   * names the approval that this very call was given; `purpose` is what the agent says it is for, shown as a quotation;
   * `traceparent` is where the call belongs in a trace of yours.
   */
  call(tool: string, args: unknown, { traceparent, ...options }: CallOptions = {}): Promise<CallAnswer> {
    const trace = parseTrace(traceparent);
    return this.#gateway.call({
      principal: this.#run.principal,
      runId: this.#run.id,
      tool,
      arguments: args,
      ...options,
      ...(trace === undefined ? {} : { trace }),
    });
  }

  /**
   * Where the outcome of a call of this run stands in the record, and the proof that it is in the ledger, once a checkpoint
   * covers it. Throws a `Fault`: E_NOT_FOUND where there is no such call, or no ledger.
   */
  receipt(callId: string): Promise<CallReceipt> {
    const { world, ledgerFolder } = this.#gateway;
    const { tenant } = this.#run.principal;
    return readReceipt(world.store, ledgerFolder, { tenant, callId, runId: this.#run.id });
  }

  /**
   * Waits until a person has answered, or the approval has expired, and says what came of it. Meanwhile the agent goes on
   * with other calls. `call` with the same `approvalId` and no arguments then runs exactly what was approved. Aborting
   * the signal ends the wait: the approval is returned as it is. Throws a `Fault`: E_APPROVAL_UNKNOWN, E_STORE.
   */
  approval(approvalId: string, options: { readonly signal?: AbortSignal } = {}): Promise<Approval> {
    const { tenant } = this.#run.principal;
    return waitForAnswer(this.#gateway.world, { tenant, runId: this.#run.id, approvalId }, options);
  }

  /**
   * The same tools, each walking the straight line before it runs. Takes a record of tools with a description, an
   * input schema (zod or JSON Schema) and an `execute` function, as the popular frameworks define them, and returns a
   * record of the same shape. A refused call throws `CallRefused`, whose message is what the model may be told.
   */
  async guard<Tools extends Readonly<Record<string, GuardedTool>>>(tools: Tools): Promise<Tools> {
    const { functions } = this.#gateway;
    const { descriptors, bodies } = describeFunctions(APP_SERVER, tools);
    functions.bind(this.#run.id, bodies);
    functions.describe(descriptors);
    await this.#gateway.refresh();
    const guarded = Object.entries(tools).map(([name, tool]) => {
      const execute = async (args: unknown, options?: { readonly abortSignal?: AbortSignal }) => {
        const signal = options?.abortSignal;
        const answer = await this.call(`${APP_SERVER}/${name}`, args, signal === undefined ? {} : { signal });
        return unwrapAnswer(answer);
      };
      return [name, { ...tool, execute }];
    });
    return Object.fromEntries(guarded) as Tools; // the same keys, each tool with only `execute` replaced
  }

  /**
   * Brings content to the run that no tool brought: a retrieved document, a page, a mail, memory. It is scanned, recorded,
   * joined into what the run has read, and handed back as `text` between markers that only this run has. With `history`,
   * takes the conversation so far, always all of it, and says whether it was changed since it was recorded. Never throws
   * for content: a refusal is a value.
   */
  ingest(content: readonly JsonObject[], source: 'history'): Promise<HistoryAnswer>;
  ingest(content: string, source: string): Promise<IngestAnswer>;
  ingest(content: string | readonly JsonObject[], source: string): Promise<IngestAnswer | HistoryAnswer> {
    const run = { principal: this.#run.principal, runId: this.#run.id, attested: true };
    return typeof content === 'string'
      ? ingest(this.#gateway.world, { ...run, content, source })
      : ingestHistory(this.#gateway.world, { ...run, messages: content });
  }

  /**
   * Commits the run to these calls, in this order, before it has read anything untrusted: whatever it is told later, a
   * call outside of the plan asks a person. Once per run. Throws a `Fault`: E_REQUEST_INVALID, E_STORE.
   */
  async declarePlan(steps: readonly PlannedCall[]): Promise<void> {
    const parsed = planSchema.safeParse(JSON.parse(JSON.stringify(steps)));
    if (!parsed.success) throw new Fault('E_REQUEST_INVALID', z.prettifyError(parsed.error));
    const { world } = this.#gateway;
    const run = await world.runs.find(this.#run.principal, this.#run.id);
    if (run === undefined) throw new Fault('E_RUN_UNKNOWN', 'the run has ended');
    await world.runs.flows.declarePlan(run, world.catalog(), parsed.data as readonly PlanStep[]); // just parsed from JSON
  }

  /**
   * Asks people one question about these calls: one answer is about all of them, exactly as they are here, each to run
   * once. Leaving some out is free; any other call, or other arguments, asks again. A call that policy denies refuses the
   * plan. Throws a `Fault` E_REQUEST_INVALID for what is no list of calls.
   */
  askPlan(calls: readonly AskedCall[]): Promise<PlanAnswer> {
    const parsed = askedSchema.safeParse(JSON.parse(JSON.stringify(calls)));
    if (!parsed.success) throw new Fault('E_REQUEST_INVALID', z.prettifyError(parsed.error));
    const { principal, id } = this.#run;
    const asked = parsed.data as readonly AskedPlan['calls'][number][]; // zod writes `purpose?: string | undefined`
    return askPlan(this.#gateway.world, { principal, runId: id, calls: asked });
  }

  /**
   * Judges an answer on its way to the user, or to `audience`, and records that: an answer is a sink like any argument.
   * Hand it over only on `permit`; on `ask` a person should look at it first. `schema` is what the answer promised to be.
   * Never throws for what the answer is: a refusal is a value.
   */
  release(
    text: string,
    options: { readonly audience?: string; readonly schema?: JsonObject } = {},
  ): Promise<ReleaseAnswer> {
    const { principal, id } = this.#run;
    return release(this.#gateway.world, { principal, runId: id, text, ...options });
  }

  /**
   * Records a step of a model: what it was asked, thought and answered, and what that took. Texts lose their secrets first. It
   * changes nothing of what the run may do. Answers with the id of the event. Throws a `Fault`: E_REQUEST_INVALID,
   * E_TEMPLATE_UNKNOWN, E_RUN_UNKNOWN, E_RUN_ENDED, E_STORE.
   */
  async reportModelStep(step: ModelStep): Promise<string> {
    const parsed = modelStepSchema.safeParse(step);
    if (!parsed.success) throw new Fault('E_REQUEST_INVALID', z.prettifyError(parsed.error));
    const { world, templates } = this.#gateway;
    const { principal, id: runId } = this.#run;
    return reportModelStep(world, templates, { principal, runId, attested: true, step: parsed.data });
  }

  /**
   * Starts a run of another agent for the same user, by the same prompt. It may do what both agents may, pays from this
   * run’s budget too, and ends no later. Throws a `Fault`: E_BUDGET where it is too deep or one too many, E_RUN_ENDED,
   * E_REQUEST_INVALID, E_STORE.
   */
  async delegate(child: Delegate): Promise<ChaperoneRun> {
    const run = await delegateRun(this.#gateway, this.#run, child);
    return new ChaperoneRun(this.#gateway, run);
  }

  /**
   * Counts what a model used, as your application knows it: `spend` as `0.031 USD`. Chaperone did not see it, so it is
   * advisory: once a budget is used up by it, calls are refused. Throws a `Fault`: E_REQUEST_INVALID, E_STORE.
   */
  reportUsage(usage: Usage): Promise<void> {
    return reportRunUsage(this.#gateway, this.#run, usage);
  }

  /** How much of its budgets the run has used. What was reported and not seen is marked `advisory`. */
  usage(): Promise<readonly BudgetUse[]> {
    const { world, loaded } = this.#gateway;
    return readUsage(world, loaded.manifest, this.#run.principal.tenant, this.#run.id);
  }

  /** Ends the run: no further call of it is granted. */
  async end(): Promise<void> {
    this.#gateway.functions.release(this.#run.id);
    await this.#gateway.world.runs.end(this.#run.principal.tenant, this.#run.id);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }
}

const startSchema = z.object({
  agent: agentNameSchema,
  user: userSchema.optional(),
  task: z.string().max(1_024).default(''),
  prompt: z.array(promptPartSchema).max(1_000).default([]),
  confidential: z
    .array(z.string().min(1))
    .max(100)
    .refine((texts) => texts.join('').length <= limits.confidentialChars, 'too much text in all')
    .optional(),
  lifetimeMs: z.int().positive().optional(),
});

const askedSchema = z
  .array(
    z.strictObject({
      tool: z.string().regex(/^[^/]+\/.+$/, '`server/tool`'),
      arguments: z.record(z.string(), z.unknown()).default({}),
      purpose: z.string().optional(),
    }),
  )
  .min(1)
  .max(limits.pendingApprovalsPerRun);

const planSchema = z
  .array(
    z.strictObject({
      tool: z.string().regex(/^[^/]+\/.+$/, '`server/tool`'),
      arguments: z.record(z.string(), z.unknown()).optional(),
      times: z.int().min(1).max(10_000).optional(),
    }),
  )
  .max(1_000);
