import type { Digest } from '../base/digest.ts';
import type { JsonObject } from '../base/json.ts';
import type { Decision } from '../model/decision.ts';
import type { Label } from '../model/label.ts';
import type { Principal } from '../model/principal.ts';
import type { GovernedTool } from '../model/tool.ts';

/** Everything a decision may depend on. Recorded with the decision, so that replay is exact. */
export interface DecisionRequest {
  readonly principal: Principal;
  readonly tool: GovernedTool;
  /** Arguments that passed `checkArguments`. */
  readonly arguments: JsonObject;
  readonly run: { readonly attested: boolean; readonly label: Label; readonly task: string };
  readonly nowMs: number;
}

/** The pure decision kernel of one bundle. `decide` never throws: an error is a denial that names it. */
export interface Kernel {
  readonly bundle: Digest;
  decide(request: DecisionRequest): Decision;
}
