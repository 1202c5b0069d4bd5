import { z } from 'zod';
import type { Digest } from '../base/digest.ts';
import { Fault } from '../base/fault.ts';
import { limits } from '../base/limits.ts';
import type { StopTarget } from '../contract/isolation.ts';
import { type Template, templateSchema } from '../contract/model-step.ts';
import type { Approval } from '../model/approval.ts';
import type { Delegation } from '../model/duty.ts';
import type { User } from '../model/principal.ts';
import { agentNameSchema, userSchema } from '../model/principal.ts';
import { type PromptPart, promptPartSchema } from '../model/prompt.ts';
import { answerApproval, type GivenAnswer } from '../runtime/approving/answer-approval.ts';
import type { ApprovalCard } from '../runtime/approving/approval-card.ts';
import { delegateDuty } from '../runtime/approving/delegate-duty.ts';
import { readCard } from '../runtime/approving/read-card.ts';
import { type CallRecord, readCallRecord } from '../runtime/explain.ts';
import { resumeRun } from '../runtime/pause-run.ts';
import { ChaperoneRun } from './chaperone-run.ts';
import type { Gateway } from './gateway.ts';
import type { Stopped } from './isolation/stop.ts';
import {
  listStops,
  type ResumeBy,
  resumeForHost,
  type StandingStop,
  type StopBy,
  stopForHost,
} from './isolation/stop-for-host.ts';
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

/** How a person answered, as the host application vouches for. A session unless told, which approves nothing by default. */
export type HowAnswered = Partial<Pick<GivenAnswer, 'presence' | 'groups' | 'confirm'>>;

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
    return delegateDuty(this.#gateway.world, { tenant, from, to, lifeMs, presence: 'application' });
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

  /**
   * Lets a paused run go on, as that person decided: that they are there, this application vouches for. Throws a `Fault`:
   * E_RUN_UNKNOWN, E_STORE.
   */
  resumeRun(runId: string, by: string): Promise<void> {
    const { tenant } = this.#gateway.loaded.manifest;
    return resumeRun(this.#gateway.world, { tenant, runId, by, presence: 'application' });
  }

  /**
   * Stops something: when this resolves no new call in it is granted, through any gateway on the data folder. `inFlight`
   * cannot be recalled. Throws a `Fault`: E_REQUEST_INVALID, E_STORE.
   */
  stop(target: StopTarget, by: StopBy): Promise<Stopped> {
    return stopForHost(this.#gateway, target, by);
  }

  /** Lets back what somebody else stopped. Throws E_NOT_ISOLATED, E_SECOND_PERSON, E_INCIDENT_OPEN, E_STOP_UNSEEN, E_SWITCH_THROWN. */
  resume(target: StopTarget, by: ResumeBy): Promise<void> {
    return resumeForHost(this.#gateway, target, by);
  }

  /** What is stopped, by the record. */
  isolations(): Promise<readonly StandingStop[]> {
    return listStops(this.#gateway);
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
