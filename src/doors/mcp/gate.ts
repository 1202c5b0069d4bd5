import type { Principal } from '../../model/principal.ts';
import type { Tool } from '../../model/tool.ts';
import type { CallCarrier, CallInput } from '../../ports/tool-source.ts';
import type { CallAnswer } from '../../runtime/line/call-answer.ts';
import type { CallRequest } from '../../runtime/line/call-request.ts';
import type { QuestionAnswer } from '../../runtime/pass-answer.ts';

/** Who calls, once that has been authenticated, and the run the calls belong to. */
export interface McpCaller {
  readonly principal: Principal;
  readonly runId: string;
}

/** A call as this door hands it over: with what only the tool's own source can understand. */
export interface McpCallRequest extends CallRequest {
  readonly input?: CallInput;
  readonly carrier: CallCarrier;
}

/** Something a server wants of the client: that its model answers, that its user fills in a form, its roots. */
export interface McpQuestion {
  readonly server: string;
  readonly method: string;
  readonly params: object;
}

/** What the door asks of the runtime. */
export interface McpGate {
  /** The caller behind what the listener made of its credentials. Rejects with a `Fault`. */
  admit(credentials: unknown): Promise<McpCaller>;
  /** What this caller may see. The same array for as long as nothing in it changed. Rejects with a `Fault`. */
  listTools(caller: McpCaller): Promise<readonly Tool[]>;
  /** Walks the straight line. Never rejects. */
  call(request: McpCallRequest): Promise<CallAnswer>;
  /** Whether a server may put this question to the caller's client. An error is a no. */
  permitQuestion(caller: McpCaller, question: McpQuestion): Promise<boolean>;
  /** Records what the client answers to a server's question, and says whether it may go there. An error is a no. */
  passAnswer(answer: QuestionAnswer): Promise<boolean>;
  /**
   * Whether some tool of this server may show this caller listed fields only: then nothing of what the server says
   * outside of any call may reach it, since it could be about that tool.
   */
  isConfined(caller: McpCaller, server: string): boolean;
  /** Where a person answers an approval; undefined where this gateway serves no pages. */
  linkTo(approvalId: string): string | undefined;
  /** How long a call is held while people are asked, milliseconds. */
  holdMs(): number;
  /** Waits for an answer to this caller's approval, so long at most, and says whether there is one. Never rejects. */
  waitForAnswer(caller: McpCaller, approvalId: string, forMs: number, signal: AbortSignal): Promise<boolean>;
  /** Calls back once `listTools` can answer differently. Returns a function that stops that. */
  onToolsChanged(listener: () => void): () => void;
}

/** Equal for the same principal acting for the same user, and only then. */
export function callerKey({ principal }: McpCaller): string {
  return JSON.stringify([principal.tenant, principal.agent, principal.onBehalfOf?.id ?? null]);
}
