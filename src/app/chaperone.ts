import { z } from 'zod';
import { Fault } from '../base/fault.ts';
import { isJsonObject, type JsonObject } from '../base/json.ts';
import type { Approval } from '../model/approval.ts';
import type { User } from '../model/principal.ts';
import { agentNameSchema, userSchema } from '../model/principal.ts';
import { type PromptPart, promptPartSchema } from '../model/prompt.ts';
import type { Run } from '../model/run.ts';
import { answerApproval } from '../runtime/approvals.ts';
import { type CallRecord, readCallRecord } from '../runtime/explain.ts';
import type { CallAnswer } from '../runtime/line/call-answer.ts';
import { CallRefused } from './call-refused.ts';
import { APP_SERVER, type Gateway } from './gateway.ts';
import { describeFunctions, type GuardedTool } from './guarded-tool.ts';

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
  /** Milliseconds until the run expires. */
  readonly lifetimeMs?: number;
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
    const { agent, user, task, lifetimeMs } = parsed.data;
    const run = await this.#gateway.world.runs.start({
      principal: { tenant, agent, ...(user === undefined ? {} : { onBehalfOf: user }) },
      task,
      prompt: parsed.data.prompt as readonly PromptPart[], // `exactOptionalPropertyTypes` and zod differ on `name`
      attested: true,
      ...(lifetimeMs === undefined ? {} : { lifeMs: lifetimeMs }),
    });
    return new ChaperoneRun(this.#gateway, run);
  }

  /** Approvals that wait for a person, oldest first. */
  pendingApprovals(limit = 100): Promise<readonly Approval[]> {
    return this.#gateway.world.store.listApprovals(this.#gateway.loaded.manifest.tenant, 'pending', limit);
  }

  /** Records a person's answer. Throws a `Fault`: E_NOT_FOUND, E_APPROVAL_USED, E_APPROVAL_EXPIRED. */
  answerApproval(approvalId: string, approve: boolean, by: string): Promise<Approval> {
    const { tenant } = this.#gateway.loaded.manifest;
    return answerApproval(this.#gateway.world, { tenant, approvalId, approve, by });
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
   * names the approval that this very call was given.
   */
  call(
    tool: string,
    args: unknown,
    options: { readonly signal?: AbortSignal; readonly approvalId?: string } = {},
  ): Promise<CallAnswer> {
    return this.#gateway.call({
      principal: this.#run.principal,
      runId: this.#run.id,
      tool,
      arguments: args,
      ...options,
    });
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
        return unwrap(answer);
      };
      return [name, { ...tool, execute }];
    });
    return Object.fromEntries(guarded) as Tools; // the same keys, each tool with only `execute` replaced
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
  lifetimeMs: z.int().positive().optional(),
});

/** What the function returned, as the model should see it: structured content, else the text. */
function unwrap(answer: CallAnswer): unknown {
  if (answer.kind === 'refused') throw new CallRefused(answer);
  const { result } = answer;
  const text = result.content.map((block) => (typeof block['text'] === 'string' ? block['text'] : '')).join('\n');
  if (result.isError) throw new Error(text);
  return result.structuredContent === undefined ? readJson(text) : result.structuredContent;
}

/** A list or a number came as JSON text; a plain string stays one. */
function readJson(text: string): JsonObject | string | unknown {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) || Array.isArray(value) || typeof value !== 'string' ? value : text;
  } catch {
    return text;
  }
}
