import { canonicalJson, type JsonObject } from '../base/json.ts';
import type { ToolName } from '../model/tool.ts';

/** One call an agent commits itself to. `arguments`: the values it fixes; what is left out stays open. */
export interface PlanStep {
  readonly tool: ToolName;
  readonly arguments?: JsonObject;
  /** How often it may run. 1 unless said. */
  readonly times?: number;
}

/** A plan that was declared before anything untrusted was read: what it commits to, in its order. */
export class DeclaredPlan {
  readonly #steps: readonly PlanStep[];
  /** How often each step has begun, in the order of the steps. */
  readonly #begun: number[];

  constructor(steps: readonly PlanStep[]) {
    this.#steps = steps;
    this.#begun = steps.map(() => 0);
  }

  /** Why a call is not the plan's next one, or `undefined` if it is. Steps may be left out, never gone back to. */
  check(tool: ToolName, args: JsonObject): string | undefined {
    const step = this.#next(tool);
    if (step === undefined) return 'the plan declared for this run has no such call here';
    for (const [name, value] of Object.entries(step.arguments ?? {})) {
      const given = args[name];
      if (given === undefined || canonicalJson(given) !== canonicalJson(value))
        return `the declared plan fixes \`${name}\` to another value`;
    }
    return undefined;
  }

  /** Moves on as a call begins: others may be under way. The answer takes that back, for a call that never ran. */
  begin(tool: ToolName): () => void {
    const step = this.#next(tool);
    if (step === undefined) return () => {};
    const at = this.#steps.indexOf(step);
    this.#begun[at] = (this.#begun[at] ?? 0) + 1;
    return () => {
      this.#begun[at] = (this.#begun[at] ?? 1) - 1;
    };
  }

  #next(tool: ToolName): PlanStep | undefined {
    const last = this.#begun.findLastIndex((times) => times > 0);
    return this.#steps.find((step, i) => i >= last && step.tool === tool && (this.#begun[i] ?? 0) < (step.times ?? 1));
  }
}
