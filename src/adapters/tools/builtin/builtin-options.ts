import type { JsonValue } from '../../../base/json.ts';
import type { BuiltinConfig } from '../../../model/builtin.ts';
import type { Intent } from '../../../model/intent.ts';
import type { EscapeAttempt, FileChange, Language, SandboxJob, SandboxOutcome } from '../../../ports/sandbox.ts';
import type { PackageLayers } from './packages/package-layers.ts';
import type { Workspace } from './workspace.ts';

/** What `code.run` takes: languages, and modules. */
export type CodeLanguage = Language | 'wasm';

/** What leads out of the sandbox of one call. */
export interface CodeWayOut {
  readonly socket: string;
  readonly trustFile?: string;
  /** What was tried by it and refused. */
  attempts(): readonly EscapeAttempt[];
  close(): Promise<void>;
}

export interface BuiltinOptions {
  readonly config: BuiltinConfig;
  /** Absent where the manifest names none. */
  readonly workspace?: Workspace;
  /** Runs a job in the tier of its profile. */
  readonly run: (job: SandboxJob) => Promise<SandboxOutcome>;
  /** Opens the way out that a profile with `network: door` has, for the code of this intent alone. */
  readonly openWayOut: (intent: Intent, hosts: readonly string[]) => Promise<CodeWayOut>;
  /** The profile that a language runs in. */
  readonly profileOf: (language: CodeLanguage) => SandboxJob['profile'] | undefined;
  /** A folder that a profile names, absolute. Rejects with a `Fault` E_SANDBOX where code must not have it. */
  readonly findFolder: (path: string) => Promise<string>;
  /** Puts what code left into a folder of the call's own in a store. Resolves to how many files that were. */
  readonly keep: (storeFolder: string, callId: string, changes: readonly FileChange[]) => Promise<number>;
  /** Packages that code may import; absent where none are declared. */
  readonly packages?: PackageLayers;
  /** Runs a tool for the code of this intent: a call of its own, in the same run. */
  readonly callTool: (parent: Intent, tool: string, argument: JsonValue, signal: AbortSignal) => Promise<JsonValue>;
  /** Told of what a sandbox noticed, before the result is handed over. */
  readonly onAttempts: (intent: Intent, attempts: readonly EscapeAttempt[]) => Promise<void>;
}
