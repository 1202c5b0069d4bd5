import type { GovernedTool } from '../model/tool.ts';
import type { Delegated } from './collect-delegated.ts';
import type { Authority } from './grant-authority.ts';
import type { ProvenanceIndex } from './provenance-index.ts';
import type { Task } from './read-task.ts';
import type { SeenRecord } from './seen-record.ts';

/** What a judge of one argument may look at. */
export interface RunView {
  readonly task: Task;
  readonly index: ProvenanceIndex;
  readonly tool: GovernedTool;
  readonly authority: Authority;
  /** Stems of what the tool acts on. */
  readonly objects: readonly string[];
  /** Keys of the user's own identity: address, name, account. */
  readonly own: ReadonlySet<string>;
  /** Attested facts of the user by the stems of their names, as keys: `customer id`. */
  readonly ownFacts: ReadonlyMap<string, string>;
  /** `kind#key` of objects that this run's own permitted writes created. */
  readonly created: ReadonlySet<string>;
  /** Content that the prompt delegates to, as far as it was read. */
  readonly delegated: Delegated;
  /** Keys of values that the agent itself brought into the run: coming back in a result they prove nothing. */
  readonly introduced: ReadonlySet<string>;
  /** Arguments that a declared limit of their own pins to what a person wrote: dotted, lists walked through. */
  readonly constants: ReadonlySet<string>;
  /** Nothing untrusted was read so far. */
  readonly clean: boolean;
  /** By key of a name, the records that lead to it: as their `manager`, where the prompt asks for that. */
  readonly led: ReadonlyMap<string, readonly SeenRecord[]>;
  /** Records whose numbers the prompt, or content it delegates to, is about. */
  readonly linked: readonly SeenRecord[];
}

/** What was found out about one value. */
export interface Finding {
  readonly trust: 'trusted' | 'ask' | 'deny';
  readonly message: string;
  /** Tools and prompt parts it comes from. */
  readonly origins: readonly string[];
  /** The value as it must be executed, where it differs. */
  readonly canonical?: string;
  /** An untrusted value stands only in prose of others, or nowhere at all. */
  readonly from?: 'prose' | 'nowhere';
  /** Sentences of the prompt that name it. */
  readonly sentences?: readonly number[];
}

/** Origins by which a person chose a value themselves. */
export const PROMPT = 'prompt';
export const USER = 'the user';
export const MANIFEST = 'manifest';
/** The origin of what the model made up. */
export const COMPOSED = 'composed';

export const trusted = (origin: string, more: Partial<Finding> = {}): Finding => ({
  trust: 'trusted',
  message: `from ${origin}`,
  origins: [origin],
  ...more,
});
export const doubt = (trust: 'ask' | 'deny', message: string, origins: readonly string[] = []): Finding => ({
  trust,
  message,
  origins,
});
