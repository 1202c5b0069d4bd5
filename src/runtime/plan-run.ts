import { digestJson } from '../base/digest.ts';
import { Fault, toFault } from '../base/fault.ts';
import type { JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { cutPasted } from '../flow/cut-pasted.ts';
import { stripInvisible } from '../flow/fold-text.ts';
import type { PromptPart } from '../model/prompt.ts';
import type { GovernedTool, ToolName } from '../model/tool.ts';
import type { Planner, PlannerAnswer, PlannerQuestion } from '../ports/planner.ts';
import { fitText } from './record-parts.ts';

/** What a planner made of a run. */
export interface RunPlan {
  /** The write tools that the task needs; any other is asked about. Absent: the planner had no say. */
  readonly planned?: ReadonlySet<ToolName>;
  /** Who was asked what, and what it answered: recorded, so that replay is exact. Absent: nobody was asked. */
  readonly record?: JsonObject;
}

/**
 * Asks a planner which write tools a run needs. `prompt` is the attested one; only the user's own words of it are shown,
 * and `tools` are those that the agent is offered. Never throws: without a planner, an attested prompt or a write tool,
 * and where the planner fails or is slow, nothing is planned, and the record says so. With more write tools than a planner
 * is shown, none of them is planned, and each is asked about.
 */
export async function planRun(
  planner: Planner | undefined,
  prompt: readonly PromptPart[],
  tools: readonly GovernedTool[],
): Promise<RunPlan> {
  if (planner === undefined) return {};
  const task = stripInvisible(cutPasted(prompt).own).toWellFormed().trim();
  const writes = tools.filter((tool) => tool.effect === 'write');
  if (task === '' || writes.length === 0) return {};
  const question: PlannerQuestion = { task, tools: writes.map(showTool) };
  const asked = {
    planner: { name: planner.name, version: planner.version },
    question: digestJson({ task, tools: question.tools.map((tool) => ({ ...tool })) }),
  };
  try {
    if (writes.length > limits.plannerTools) {
      const message = `there are ${writes.length} write tools, and a planner is shown at most ${limits.plannerTools}`;
      return { planned: new Set(), record: { ...asked, ok: false, code: 'E_PLANNER', message } };
    }
    if (task.length > limits.plannerTaskChars)
      throw new Fault('E_PLANNER', 'the planner was not asked: the task is longer than what it is shown');
    const answer = await askWithin(planner, question);
    const named = new Set(answer.tools);
    const planned = new Set(writes.map((tool) => tool.name).filter((name) => named.has(name)));
    const unknown = named.size - planned.size;
    return { planned, record: { ...asked, ok: true, answer: answer.digest, tools: [...planned].sort(), unknown } };
  } catch (error) {
    const { code, message } = toFault(error, 'E_PLANNER', 'the planner broke');
    return { record: { ...asked, ok: false, code, message: fitText(message, limits.plannerDescriptionChars) } };
  }
}

/** The planner's answer, or a fault when its time is over, whether it heeds the signal or not. */
async function askWithin(planner: Planner, question: PlannerQuestion): Promise<PlannerAnswer> {
  const abort = new AbortController();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new Fault('E_PLANNER', `the planner did not answer within ${planner.timeoutMs} ms`));
    abort.abort();
  }, planner.timeoutMs);
  try {
    return await Promise.race([planner.ask(question, abort.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}

function showTool({ name, tool }: GovernedTool): PlannerQuestion['tools'][number] {
  return { name, description: fitText(tool.description, limits.plannerDescriptionChars) };
}
