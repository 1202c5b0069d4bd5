import type { Call } from './call.ts';
import type { GovernedTool } from './tool.ts';

/**
 * Proof that a grant was durably recorded before any effect. Tool adapters take nothing less, so a tool cannot run
 * without one. Constructed in exactly one module, `runtime/line/intend.ts`; the tidy test holds that.
 */
export class Intent {
  readonly #recordedAs: number;
  readonly call: Call;
  readonly tool: GovernedTool;
  readonly deadlineMs: number;

  /** @param recordedAs sequence number of the durable event. @param deadlineMs budget for the execution, ms. */
  constructor(recordedAs: number, call: Call, tool: GovernedTool, deadlineMs: number) {
    this.#recordedAs = recordedAs;
    this.call = call;
    this.tool = tool;
    this.deadlineMs = deadlineMs;
  }

  get recordedAs(): number {
    return this.#recordedAs;
  }
}
