import type { Label } from './label.ts';
import type { Principal } from './principal.ts';
import type { PromptPart } from './prompt.ts';
import type { Sealed } from './sealed.ts';

/**
 * One task of one agent for one user. Keyed on the authenticated principal and a signed handle, never on an MCP
 * session. Without a host that attests the user and the prompt, `prompt` is empty and `attested` is false.
 */
export interface Run {
  readonly id: string;
  readonly principal: Principal;
  readonly task: string;
  readonly prompt: readonly PromptPart[];
  readonly attested: boolean;
  /** Texts that must never leave by an answer: system prompts and the like. */
  readonly confidential?: readonly string[];
  readonly label: Label;
  /** The runs it was started from, the nearest first. They pay for it, may do what it may, and end it when they end. */
  readonly lineage?: readonly { readonly runId: string; readonly agent: string }[];
  readonly startedAtMs: number;
  readonly expiresAtMs: number;
  /** In the store: user, task, prompt and confidential texts, which are then empty beside it. */
  readonly sealed?: Sealed;
}
