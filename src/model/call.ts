import { type Digest, digestJson, type KeyedDigest } from '../base/digest.ts';
import type { JsonObject } from '../base/json.ts';
import type { ToolName } from './tool.ts';

/** One requested tool use, after its arguments were checked. */
export interface Call {
  readonly id: string;
  readonly runId: string;
  readonly tool: ToolName;
  /** Canonical arguments: exactly what will be executed. */
  readonly arguments: JsonObject;
  /** Answers to what the tool asked for in an earlier round, which leave beside the arguments. */
  readonly input?: JsonObject;
  readonly digest: CallDigest;
}

/** What a call is known by wherever it is written or compared. It is keyed; in what former versions wrote, it is not. */
export type CallDigest = Digest | KeyedDigest;

/** What an approval is bound to, before it is keyed: the tool, its pin, every argument, and every answer that leaves with them. */
export function digestCall(tool: ToolName, pin: Digest, args: JsonObject, input?: JsonObject): Digest {
  return digestJson({ tool, pin, arguments: args, ...(input === undefined ? {} : { input }) });
}
