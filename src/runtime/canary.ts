import { newId } from '../base/clock.ts';
import type { ErrorCode } from '../base/errors.ts';
import { toFault } from '../base/fault.ts';
import { CANARY_AGENT, canaryTool } from '../model/canary.ts';
import type { NewEvent } from '../model/event.ts';
import type { Change } from '../ports/store.ts';
import type { CallAnswer } from './line/call-answer.ts';
import { tellPeople } from './tell-people.ts';
import type { Walk } from './walk.ts';
import type { World } from './world.ts';

/** What trying came to: it is forbidden, as it should be; it was let through or asked about; or nobody can say. */
export type CanaryAnswer = 'denied' | 'permitted' | 'unknown';

export interface CanaryReport {
  readonly answer: CanaryAnswer;
  readonly code?: ErrorCode;
  readonly callId?: string;
}

/** Policy itself said no. */
const DENIED: ReadonlySet<ErrorCode> = new Set(['E_DENIED', 'E_NOT_PERMITTED']);
/** The call ended before policy was asked, or policy itself failed: that says nothing of what policy permits. */
const UNTRIED: ReadonlySet<ErrorCode> = new Set([
  'E_BUSY',
  'E_INTERNAL',
  'E_POLICY_ERROR',
  'E_RUN_ENDED',
  'E_RUN_UNKNOWN',
  'E_SCAN',
  'E_STORE',
  'E_STORE_CORRUPT',
  'E_TOOL_UNKNOWN',
]);
const LIFE_MS = 60_000;

/**
 * Calls what nobody may call, by the line that every call walks. That it is let through is an incident: of the rules, or
 * of the gateway. That it could not be tried is told as well. Nothing stands behind the tool, so whatever is wrong, it has
 * no effect. The first of a row of incidents is opened; each answer is recorded.
 */
export class Canary {
  readonly #world: World;
  readonly #walk: Walk;
  #last: CanaryAnswer | undefined;

  constructor(world: World, walk: Walk) {
    this.#world = world;
    this.#walk = walk;
  }

  /** Tries once. Never rejects. */
  async send(): Promise<CanaryReport> {
    const before = this.#last;
    let report: CanaryReport;
    try {
      report = await this.#try();
    } catch (error) {
      report = { answer: 'unknown', code: toFault(error, 'E_INTERNAL', 'the canary failed').code };
    }
    this.#last = report.answer;
    await this.#record(report, report.answer !== before);
    return report;
  }

  async #try(): Promise<CanaryReport> {
    const { runs, store, clock } = this.#world;
    const { tenant } = this.#world.catalog().manifest;
    const run = await runs.start({
      principal: { tenant, agent: CANARY_AGENT },
      task: 'try what nobody may do',
      prompt: [],
      attested: true,
      lifeMs: LIFE_MS,
    });
    try {
      const answer = await this.#walk({
        principal: run.principal,
        runId: run.id,
        tool: canaryTool.name,
        arguments: {},
      });
      return { ...judge(answer), callId: answer.callId };
    } finally {
      // Nobody has to answer what a canary asked.
      const scope = `run:${run.id}`;
      await store.commit([{ kind: 'approval.cancel', scope, by: CANARY_AGENT, nowMs: clock.nowMs() }]).catch(() => {});
      await runs.end(tenant, run.id).catch(() => {}); // it ends by itself within a minute
    }
  }

  async #record(report: CanaryReport, isNews: boolean): Promise<void> {
    const world = this.#world;
    const { tenant } = world.catalog().manifest;
    const { answer, code, callId } = report;
    const event = (kind: 'canary.answered' | 'incident.opened', body: NewEvent['body']): Change => ({
      kind: 'event.append',
      event: {
        id: newId(world.clock, 'evt'),
        kind,
        tenant,
        ...(callId === undefined ? {} : { callId }),
        agent: CANARY_AGENT,
        tool: canaryTool.name,
        atMs: world.clock.nowMs(),
        body,
      },
    });
    const said = code === undefined ? {} : { code };
    const message = describe(report);
    const facts = { agent: CANARY_AGENT, tool: canaryTool.name, ...(callId === undefined ? {} : { call: callId }) };
    const changes = [
      event('canary.answered', { answer, ...said }),
      ...(answer === 'permitted' && isNews
        ? [event('incident.opened', { what: 'canary-permitted', message, ...said })]
        : []),
      ...(answer === 'permitted' ? tellPeople(world, tenant, 'canary.permitted', facts) : []),
      ...(answer === 'unknown' ? tellPeople(world, tenant, 'canary.silent', facts) : []),
    ];
    if (answer !== 'denied') world.guards.alert({ tenant, message });
    try {
      const result = await world.store.commit(changes);
      if (!result.ok)
        world.guards.alert({ tenant, message: `the canary’s answer could not be recorded: ${result.code}` });
      world.noticed?.();
    } catch (error) {
      const { message: why } = toFault(error, 'E_STORE', 'the store failed');
      world.guards.alert({ tenant, message: `the canary’s answer could not be recorded: ${why}` });
    }
  }
}

function judge(answer: CallAnswer): CanaryReport {
  if (answer.kind === 'result') return { answer: 'permitted' };
  const { code } = answer;
  if (DENIED.has(code)) return { answer: 'denied', code };
  return { answer: UNTRIED.has(code) ? 'unknown' : 'permitted', code };
}

function describe({ answer, code, callId }: CanaryReport): string {
  const how = code === undefined ? '' : ` (${code})`;
  if (answer === 'denied') return 'the canary was denied, as it should be';
  if (answer === 'unknown') return `whether the canary is denied could not be tried${how}`;
  return `incident: \`${canaryTool.name}\`, which nobody may call, was not denied${how}: chaperone explain ${callId ?? ''}`;
}
