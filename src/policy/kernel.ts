import type { Digest } from '../base/digest.ts';
import type { JsonObject } from '../base/json.ts';
import type { Decision } from '../model/decision.ts';
import type { FlowFacts } from '../model/flow-facts.ts';
import type { Label } from '../model/label.ts';
import type { Place } from '../model/place.ts';
import type { Principal } from '../model/principal.ts';
import type { GovernedTool } from '../model/tool.ts';

/** Everything a decision may depend on. Recorded with the decision, so that replay is exact. */
export interface DecisionRequest {
  readonly principal: Principal;
  readonly tool: GovernedTool;
  /** Arguments that passed `checkArguments`. */
  readonly arguments: JsonObject;
  readonly run: {
    readonly attested: boolean;
    /** What the run has read so far. Its `origins` that are tools' names are what `context.run.read` holds. */
    readonly label: Label;
    readonly task: string;
  };
  readonly flow: FlowFacts;
  readonly nowMs: number;
}

/** What a policy does where it applies. `ask` is a forbid that a person can lift, written `@ask("why") forbid`. */
export type PolicyKind = 'permit' | 'ask' | 'forbid';

/** One policy of a bundle. */
export interface PolicyInfo {
  readonly id: string;
  readonly kind: PolicyKind;
  /** The line of the manifest it was compiled from, or where it stands in its own file. */
  readonly place: Place;
  /** Whether a person wrote this control: mode `observe` never loosens one. */
  readonly explicit: boolean;
}

/** What came of one policy for one request. */
export interface TraceStep extends PolicyInfo {
  /** `unsatisfied`: it is about this agent and tool, and its conditions do not hold. `out-of-scope`: it is not. */
  readonly outcome: 'satisfied' | 'unsatisfied' | 'out-of-scope' | 'error';
  /** Whether it is one of the reasons of the decision. */
  readonly determining: boolean;
  /** Why evaluation failed, with outcome `error`. */
  readonly message?: string;
}

/** A decision, every policy that was considered for it, and what would have to change for a permit. */
export interface Explanation {
  /** As `decide` answers it, with `nearestChange` where one was found. */
  readonly decision: Decision;
  /** In the bundle's order. */
  readonly trace: readonly TraceStep[];
}

/** The pure decision kernel of one bundle. `decide` never throws: an error is a denial that names it. */
export interface Kernel {
  readonly bundle: Digest;
  /** Every policy, the manifest's first, in the order they are written. */
  readonly policies: readonly PolicyInfo[];
  decide(request: DecisionRequest): Decision;
  /**
   * Decides again, tells what every policy did, and searches for the nearest change by deciding what-ifs. Slower than
   * `decide` by orders of magnitude: for people who ask why, never on the path of a call. Never throws.
   */
  explain(request: DecisionRequest): Explanation;
}
