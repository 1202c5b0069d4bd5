import { newId } from '../base/clock.ts';
import { digestBytes } from '../base/digest.ts';
import { Fault } from '../base/fault.ts';
import type { JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import type { ModelStep } from '../contract/model-step.ts';
import type { Principal } from '../model/principal.ts';
import { parseTrace } from '../model/trace.ts';
import { redactText } from '../scan/redact.ts';
import { limitReports } from './limit-reports.ts';
import type { TemplateBook } from './template-book.ts';
import type { World } from './world.ts';

export interface ReportedStep {
  readonly principal: Principal;
  readonly runId: string;
  /** Whether a host application reports it. What an agent says of itself is recorded as that. */
  readonly attested: boolean;
  readonly step: ModelStep;
}

/**
 * Records one step of a model: what it was asked, what it thought and answered, and what that took. Texts lose their secrets
 * first. It changes nothing of what the run may do. Answers with the id of the event.
 *
 * @throws Fault E_RUN_UNKNOWN, E_RUN_ENDED, E_TEMPLATE_UNKNOWN, E_RATE, E_STORE.
 */
export async function reportModelStep(
  world: Pick<World, 'clock' | 'store' | 'runs'>,
  templates: TemplateBook,
  { principal, runId, attested, step }: ReportedStep,
): Promise<string> {
  const run = await world.runs.find(principal, runId);
  if (run === undefined) throw new Fault('E_RUN_UNKNOWN', 'this principal has no such run');
  const atMs = world.clock.nowMs();
  if (run.expiresAtMs <= atMs) throw new Fault('E_RUN_ENDED', 'the run has expired');
  const { input, output, reasoning, error, template, traceparent, ...rest } = step;
  const digest = template && (await templates.find(principal.tenant, template.id, template.version));
  if (template !== undefined && digest === undefined)
    throw new Fault('E_TEMPLATE_UNKNOWN', `there is no template \`${template.id}\` of version \`${template.version}\``);
  const trace = parseTrace(traceparent);
  const id = newId(world.clock, 'evt');
  const body: JsonObject = {
    ...(JSON.parse(JSON.stringify(rest)) as JsonObject), // what the schema admits, some of it absent
    attested,
    ...(template === undefined || digest === undefined ? {} : { template: { ...template, digest } }),
    ...recordText('input', input),
    ...recordText('reasoning', reasoning),
    ...recordText('output', output),
    ...recordText('error', error),
    ...(trace === undefined ? {} : { trace: { id: trace.traceId, parent: trace.parentId } }),
  };
  const { tenant, agent } = run.principal;
  const told = toWellFormed(body);
  const event = { id, kind: 'model.step' as const, tenant, runId, agent, atMs, body: told };
  const result = await world.store.commit([
    { kind: 'run.require', tenant, agent, runId, nowMs: atMs },
    ...limitReports(runId, attested, told, atMs),
    { kind: 'event.append', event },
  ]);
  if (!result.ok) throw new Fault(result.code, result.message);
  return id;
}

/** A text without its secrets, and the digest of what it was. */
function recordText(name: string, text: string | undefined): JsonObject {
  if (text === undefined) return {};
  const digest = digestBytes(text);
  if (text.length > limits.recordedChars) return { [name]: { digest, characters: text.length } };
  return { [name]: { digest, characters: text.length, text: redactText(text).text } };
}

/** Names and texts come from outside, and may hold half a character. */
function toWellFormed(body: JsonObject): JsonObject {
  return JSON.parse(
    JSON.stringify(body, (_, value: unknown) => (typeof value === 'string' ? value.toWellFormed() : value)),
  ) as JsonObject;
}
