import { newId } from '../base/clock.ts';
import type { ErrorCode } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { NewEvent } from '../model/event.ts';
import { scopesOf } from '../model/isolation.ts';
import type { ToolDeclaration } from '../model/manifest.ts';
import type { FailureStep } from '../model/on-failure.ts';
import type { Run } from '../model/run.ts';
import type { Change } from '../ports/store.ts';
import type { CallAnswer } from './line/call-answer.ts';
import type { CallRequest } from './line/call-request.ts';
import { commit } from './line/commit.ts';
import { Refusal } from './line/refusal.ts';
import { requireLineage } from './lineage.ts';
import { markStale } from './mark-stale.ts';
import { pauseChanges } from './pause-run.ts';
import { tellPeople } from './tell-people.ts';
import type { Walk } from './walk.ts';
import type { World } from './world.ts';

type Refused = Extract<CallAnswer, { kind: 'refused' }>;

/** What did not work, as opposed to what is not allowed, not yet answered, or used up: that stands whatever is configured. */
const FAILURES: ReadonlySet<ErrorCode> = new Set([
  'E_BREAKER_OPEN',
  'E_RESULT_INVALID',
  'E_RESULT_TOO_LARGE',
  'E_RESULT_UNSCANNED',
  'E_SERVER_BUSY',
  'E_SERVER_LAUNCH',
  'E_STORE',
  'E_UPSTREAM_FAILED',
  'E_UPSTREAM_LOST',
  'E_UPSTREAM_TIMEOUT',
  'E_UPSTREAM_UNREACHABLE',
]);

/** Goes through the steps that a tool's declaration has for its failures, until one of them brings an answer. */
export async function degrade(world: World, request: CallRequest, first: Refused, attempt: Walk): Promise<CallAnswer> {
  const { manifest } = world.catalog();
  const declaration = Object.hasOwn(manifest.tools, request.tool) ? manifest.tools[request.tool] : undefined;
  if (declaration?.onFailure === undefined || !FAILURES.has(first.code)) return first;
  let last = first;
  let number = 1;
  const tried = new Attempts(manifest.tools);
  tried.note(request.tool, first);
  const again = async (tool: string): Promise<CallAnswer> => {
    const { approvalId: _spent, ...rest } = request;
    number += 1;
    const answer = await attempt({ ...rest, tool, attempt: { of: first.callId, number, because: last.code } });
    if (answer.kind === 'refused') tried.note(tool, answer);
    return answer;
  };
  for (const step of declaration.onFailure) {
    const tries = step.kind === 'retry' ? step.times : 1;
    for (let n = 0; n < tries; n++) {
      const answer = await take(world, request, tried, step, last, n, again);
      if (answer === undefined) break;
      if (answer.kind === 'result') return answer;
      if (!FAILURES.has(answer.code)) return tried.sayRan(answer);
      last = answer;
    }
  }
  return last.ran === 'no' ? (tried.mayHaveRun ?? last) : last;
}

/** What may have been done so far by the attempts at one call. */
class Attempts {
  readonly #tools: Readonly<Record<string, ToolDeclaration>>;
  /** Tools that may have written. */
  readonly #written = new Set<string>();
  /** The last that may have written, as it was answered. */
  mayHaveRun: Refused | undefined;

  constructor(tools: Readonly<Record<string, ToolDeclaration>>) {
    this.#tools = tools;
  }

  note(tool: string, answer: Refused): void {
    if (answer.ran === 'no' || this.#declared(tool)?.effect === 'read') return;
    this.#written.add(tool);
    this.mayHaveRun = answer;
  }

  /**
   * Whether a tool may be called now. Where nobody knows that nothing was written, only what a person said twice is as good
   * as once of: of the same tool. Twice by two tools is twice.
   */
  allow(tool: string): boolean {
    return [...this.#written].every((written) => written === tool && this.#declared(tool)?.idempotent === true);
  }

  /** The answer to the last attempt, where an earlier one may have run. */
  sayRan(answer: Refused): Refused {
    return answer.ran === 'no' && this.mayHaveRun !== undefined ? { ...answer, ran: this.mayHaveRun.ran } : answer;
  }

  #declared(tool: string): ToolDeclaration | undefined {
    return Object.hasOwn(this.#tools, tool) ? this.#tools[tool] : undefined;
  }
}

/** One step: an answer, or nothing where it brings none. */
async function take(
  world: World,
  request: CallRequest,
  tried: Attempts,
  step: FailureStep,
  last: Refused,
  n: number,
  again: (tool: string) => Promise<CallAnswer>,
): Promise<CallAnswer | undefined> {
  switch (step.kind) {
    case 'retry':
      if (!mayBeMade(request, tried, request.tool) || !(await hasWaited(world, request, last, n))) return undefined;
      return again(request.tool);
    case 'use':
      return mayBeMade(request, tried, step.tool) ? again(step.tool) : undefined;
    case 'cached':
      return serveKept(world, request, last);
    case 'notify':
      await record(world, request, last, 'alert.raised', []);
      return undefined;
    case 'pause':
      await pause(world, request, last);
      return undefined;
    case 'refuse':
      return undefined;
  }
}

/**
 * Whether the same may be done once more, by this tool. A caller with a key of its own asks again by itself, and must find
 * under it what it asked for.
 */
function mayBeMade(request: CallRequest, tried: Attempts, tool: string): boolean {
  return request.keyed === undefined && !request.signal?.aborted && tried.allow(tool);
}

/** Waits longer before each try, and not at all for what takes too long. */
async function hasWaited(world: World, { signal }: CallRequest, last: Refused, n: number): Promise<boolean> {
  const [chance = 0] = world.clock.randomBytes(1);
  const backoffMs = limits.retryFirstMs * 2 ** n * (0.75 + chance / 512);
  const waitMs = Math.max(backoffMs, last.retryAfterMs ?? 0);
  if (waitMs > limits.retryLongestMs) return false;
  try {
    await world.guards.wait(waitMs, signal);
    return true;
  } catch {
    return false; // the caller went away
  }
}

/** The last answer to this very call in this run, marked as what it is. Recorded before it is handed over, like any other. */
async function serveKept(world: World, request: CallRequest, last: Refused): Promise<CallAnswer | undefined> {
  const kept = world.guards.kept.find(request, world.catalog().bundle);
  if (kept === undefined) return undefined;
  const ageMs = Math.max(0, world.clock.nowMs() - kept.atMs);
  const from = kept.answer.callId;
  const isRecorded = await record(world, request, last, 'answer.kept', [], { from, ageMs });
  if (!isRecorded) return undefined;
  const { receipt: _, ...answer } = kept.answer; // that of the call it was the answer to
  return {
    ...answer,
    callId: last.callId,
    result: markStale(answer.result, { from, ageMs }),
    ...(last.receipt === undefined ? {} : { receipt: last.receipt }),
  };
}

async function pause(world: World, request: CallRequest, last: Refused): Promise<void> {
  const { tenant, agent } = request.principal;
  const atMs = world.clock.nowMs();
  const reason = `\`${request.tool}\` failed: ${last.code}`;
  const changes = pauseChanges(world.clock, { tenant, agent, runId: request.runId, reason, atMs });
  await record(world, request, last, 'alert.raised', changes, { paused: true });
}

/** Records what was done about a failure, as long as its run may still do anything. People are told in any case. */
async function record(
  world: World,
  request: CallRequest,
  last: Refused,
  kind: 'alert.raised' | 'answer.kept',
  changes: readonly Change[],
  more: NewEvent['body'] = {},
): Promise<boolean> {
  const { principal, runId, tool } = request;
  const { tenant, agent } = principal;
  const paused = more['paused'] === true ? '; the run is paused until a person resumes it' : '';
  if (kind === 'alert.raised') {
    world.guards.alert({ tenant, runId, message: `\`${tool}\` failed for \`${agent}\`: ${last.code}${paused}` });
  }
  const run = world.runs.known(runId);
  if (run === undefined) return false;
  const atMs = world.runs.nowMs(run);
  const facts = { agent, tool, run: runId, call: last.callId };
  const recorded = await commit(world, [
    ...(kind === 'answer.kept' ? requireStanding(world, run, tool, atMs) : []),
    ...changes,
    ...(kind === 'alert.raised' ? tellPeople(world, tenant, paused === '' ? 'tool.failed' : 'run.paused', facts) : []),
    {
      kind: 'event.append',
      event: {
        id: newId(world.clock, 'evt'),
        kind,
        tenant,
        runId,
        callId: last.callId,
        agent,
        tool,
        atMs,
        body: { code: last.code, ran: last.ran, ...more },
      },
    },
  ]);
  return !(recorded instanceof Refusal);
}

/** What holds for a call holds for handing over an earlier answer too. */
function requireStanding(world: World, run: Run, tool: string, nowMs: number): readonly Change[] {
  const { tenant, agent } = run.principal;
  const { bundle, tools } = world.catalog();
  const governed = tools.get(tool)?.governed;
  return [
    { kind: 'run.require', tenant, agent, runId: run.id, nowMs },
    ...requireLineage(run, nowMs),
    ...(governed === undefined
      ? []
      : [
          {
            kind: 'isolation.require' as const,
            scopes: scopesOf({ ...run.principal, runId: run.id, tool: governed.name, lineage: run.lineage }),
          },
        ]),
    { kind: 'bundle.require', bundle },
  ];
}
