import type { ToolName, Yields } from '../model/tool.ts';
import type { Link } from './link-record.ts';
import type { Field, RecordShape } from './read-records.ts';

/** A record as it was seen in this run. */
export interface SeenRecord {
  readonly shape: RecordShape;
  readonly tool: ToolName;
  /** Stems of what the tool that returned it is about. */
  readonly kinds: readonly string[];
  /** The same object has the same identity wherever it is seen. */
  readonly identity: string;
  readonly link: Link;
  /** Ordinal of the call that returned it. */
  readonly call: number;
  /** What the agent wrote in an earlier call, or in an earlier run: read back it is not trusted. */
  readonly ownWrite: boolean;
  /** It counts as the agent's own only because nothing tells whether the tool that returned it looks or writes. */
  readonly untold: boolean;
  /** It has an author, and that is neither the user nor somebody the user names. */
  readonly byOutsider: boolean;
  /** The call that returned it was itself pointed by the prompt: a file or a channel that the user names. */
  readonly pointed: boolean;
  /** The model chose, by a value of its own, what the call left out. */
  readonly narrowed: boolean;
  /** What a person declared of the results of the tool that returned it. */
  readonly yields: Yields | undefined;
}

export interface Occurrence {
  readonly record: SeenRecord;
  readonly field: Field;
  /** The value stands inside prose, not in a field of its own. */
  readonly inProse: boolean;
}
