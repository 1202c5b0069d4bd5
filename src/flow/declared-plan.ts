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
  #at = 0;
  #runs = 0;

  constructor(steps: readonly PlanStep[]) {
    this.#steps = steps;
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

  /** Moves on after a call has run. */
  ran(tool: ToolName): void {
    const step = this.#next(tool);
    if (step === undefined) return;
    const at = this.#steps.indexOf(step);
    this.#runs = at === this.#at ? this.#runs + 1 : 1;
    this.#at = at;
  }

  #next(tool: ToolName): PlanStep | undefined {
    return this.#steps.find((step, i) => {
      if (i < this.#at || step.tool !== tool) return false;
      return i > this.#at || this.#runs < (step.times ?? 1);
    });
  }
}
