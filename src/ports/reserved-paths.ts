import type { JsonObject } from '../base/json.ts';
import type { Reason } from '../model/decision.ts';
import type { GovernedTool } from '../model/tool.ts';

/** What of this machine's files is the gateway's own: a tool that it governs does not get at it. */
export interface ReservedPaths {
  /** Why a call with these arguments would get at a reserved file; undefined where it would not. */
  find(tool: GovernedTool, args: JsonObject): Reason | undefined;
}
