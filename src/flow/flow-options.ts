import type { Digest } from '../base/digest.ts';
import type { PromptPart } from '../model/prompt.ts';
import type { ToolResult } from '../model/result.ts';
import type { ToolName } from '../model/tool.ts';
import type { Assessment } from './assessment.ts';

/** Objects, as `kind#id`, and values, as `value#key`, that agents wrote in other runs with nobody vouching for them. */
export interface WrittenThings {
  readonly isEmpty: boolean;
  has(thing: string): boolean;
}

export interface OpenFlow {
  /** The attested prompt. Parts of any kind but `user` are read as untrusted content. Empty: nothing was attested. */
  readonly prompt: readonly PromptPart[];
  /** The tools there are when the run begins, by name. One that appears or changes later is asked about. */
  readonly pins: ReadonlyMap<ToolName, Digest>;
  /** Attested facts about the user: address, name, account. They are the user's own identity. */
  readonly userAttributes?: Readonly<Record<string, string | number | boolean>>;
  readonly written?: WrittenThings;
  /** Texts that must never leave: system prompts and the like. */
  readonly confidential?: readonly string[];
  /** The write tools a planner counts among what the prompt needs; any other is asked about. Absent: no planner spoke. */
  readonly planned?: ReadonlySet<ToolName>;
}

export interface TakeOptions {
  /** What was said of the call before it ran. */
  readonly assessment?: Assessment;
  /** A person approved this very call: what it created is the user's own. */
  readonly approved?: boolean;
  /** It was counted in the declared plan as it began. */
  readonly begun?: boolean;
  /** What the tool answered, where the agent gets to see less of it: it names the object that was made. */
  readonly made?: ToolResult;
}

/** A call that ran, before its result is put to use. */
export interface Taken {
  /** Objects and values that the agent wrote with nobody vouching for them, for `written` of other runs. */
  readonly written: readonly string[];
  /**
   * Puts the result into the index, piece by piece: each step answers how many characters it took in. Over the bounds it
   * is not, and from then on nothing is trusted from results.
   */
  index(): Generator<number>;
}
