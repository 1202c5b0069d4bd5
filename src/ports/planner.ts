import type { Digest } from '../base/digest.ts';
import type { ToolName } from '../model/tool.ts';

/** A write tool as a planner is shown it: its pinned name and description, cut to a bounded length. */
export interface PlannerTool {
  readonly name: ToolName;
  readonly description: string;
}

/** Everything a planner sees: the user's own words and the tools. No quote, no attachment, nothing that was read. */
export interface PlannerQuestion {
  readonly task: string;
  readonly tools: readonly PlannerTool[];
}

export interface PlannerAnswer {
  /** The tools that the task needs, as the planner wrote them: some may name what there is not. */
  readonly tools: readonly string[];
  /** Of the answer as it came. */
  readonly digest: Digest;
}

/**
 * Guesses which writes a task needs. It only narrows what a run may do without a person: whatever it answers, nothing
 * is permitted that policy and flow do not permit.
 */
export interface Planner {
  readonly name: string;
  /** Of the model and of the question it is asked, so that a record says what answered. */
  readonly version: string;
  /** How long a run waits for it. */
  readonly timeoutMs: number;
  /** Rejects with a `Fault` E_PLANNER, which carries no text of the planner's and no secret. */
  ask(question: PlannerQuestion, signal: AbortSignal): Promise<PlannerAnswer>;
}
