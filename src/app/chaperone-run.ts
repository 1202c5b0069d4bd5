import { z } from 'zod';
import { Fault } from '../base/fault.ts';
import type { JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { type ModelStep, modelStepSchema } from '../contract/model-step.ts';
import type { PlanStep } from '../flow/declared-plan.ts';
import type { Approval } from '../model/approval.ts';
import type { Run } from '../model/run.ts';
import { parseTrace } from '../model/trace.ts';
import { type AskedPlan, askPlan, type PlanAnswer } from '../runtime/approving/ask-plan.ts';
import { waitForAnswer } from '../runtime/approving/wait-for-answer.ts';
import { type HistoryAnswer, type IngestAnswer, ingest, ingestHistory } from '../runtime/ingest.ts';
import type { CallAnswer } from '../runtime/line/call-answer.ts';
import { type ReleaseAnswer, release } from '../runtime/release.ts';
import { reportModelStep } from '../runtime/report-model-step.ts';
import { type BudgetUse, readUsage } from '../runtime/report-usage.ts';
import { type Delegate, delegateRun } from './delegate-run.ts';
import type { Gateway } from './gateway.ts';
import { describeFunctions, type GuardedTool } from './guarded-tool.ts';
import { APP_SERVER } from './host-server.ts';
import { type CallReceipt, readReceipt } from './ledger/read-receipt.ts';
import { reportRunUsage, type Usage } from './report-run-usage.ts';
import { unwrapAnswer } from './unwrap-answer.ts';

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
