import type { JsonValue } from '../base/json.ts';
import type { Profile, SandboxTier } from '../model/profile.ts';

export type Language = 'js' | 'python' | 'shell';

/** What is to run. */
export type Program =
  /** Code of a language. It starts in the folder `/work`. */
  | { readonly kind: 'code'; readonly language: Language; readonly source: string }
  /** A program that the sandbox has, by name or absolute path, and its arguments. */
  | { readonly kind: 'command'; readonly argv: readonly [string, ...string[]] }
  /** A WebAssembly module that speaks WASI preview 1. */
  | { readonly kind: 'wasi'; readonly module: Uint8Array; readonly args: readonly string[] };

/** A file in the workspace, by its path below it, with `/`, without `..`. */
export interface WorkFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** One run in a sandbox of its own. */
export interface SandboxJob {
  readonly profile: Profile;
  readonly program: Program;
  /** Put into `/work` before it starts. */
  readonly files: readonly WorkFile[];
  /** An absolute folder of the host that is seen at `/input`, to be read only. */
  readonly inputFolder?: string;
  /** An absolute folder of the host whose packages code may import, to be read only. */
  readonly packagesFolder?: string;
  /** Programs the sandbox has, by name; all of the system's where not given. */
  readonly programs?: readonly string[];
  readonly stdin?: Uint8Array;
  /** A unix socket of the host that is seen at `/run/egress.sock`: the only way out of a profile with `network: door`. */
  readonly egressSocket?: string;
  /** A file of certificates that programs are to believe, where the door opens TLS. */
  readonly trustFile?: string;
  /** What code of tier `wasm` may call, by name. Each call is a call of its own, decided as any other. */
  readonly functions?: readonly string[];
  /** Runs one of `functions`. Its rejection is what the code sees as an error: keep it short. */
  readonly onCall?: (name: string, argument: JsonValue) => Promise<JsonValue>;
  readonly signal?: AbortSignal;
}

/** How a run ended: by itself, or by the wall it ran into. */
export type RunEnd = 'exit' | 'signal' | 'time' | 'memory' | 'output' | 'cancelled';

export type AttemptKind =
  /** A system call that no program inside is given. */
  | 'system-call'
  /** A file was read that is there only to be noticed. */
  | 'decoy'
  | 'network'
  | 'memory'
  | 'processes'
  | 'time'
  | 'output'
  /** A link that leads out of the workspace was left in it. */
  | 'link'
  /** Processes were left running. */
  | 'leftover'
  /** Code called something it was not given, or reached for the machinery around it. */
  | 'function';

/** Something a program tried that its walls held. Seen by the wall, not told by the program. */
export interface EscapeAttempt {
  readonly kind: AttemptKind;
  readonly severity: 'low' | 'medium' | 'high';
  /** For people. Names nothing that the program could choose freely. */
  readonly detail: string;
}

/** A file of the workspace that is not as it was before the run. Without `bytes` it was removed. */
export interface FileChange {
  readonly path: string;
  readonly change: 'added' | 'changed' | 'removed';
  readonly bytes?: Uint8Array;
}

export interface SandboxOutcome {
  readonly end: RunEnd;
  /** As a shell would say it: 128 and the signal's number for one that a signal ended. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What a snippet of tier `wasm` came to. */
  readonly value?: JsonValue;
  readonly changes: readonly FileChange[];
  readonly attempts: readonly EscapeAttempt[];
  /** From being asked until the program was told to go, and until everything it left was taken over. */
  readonly untilStartMs: number;
  readonly wallMs: number;
  /** What held each limit, by its name in the profile: `cgroup`, `rlimit`, `tmpfs`, … */
  readonly heldBy: Readonly<Record<string, string>>;
}

/** A pipe between a program’s walls and their host. */
export interface WallPipe {
  /** Takes what comes in, and that there is no more. */
  read(take: (text: string) => void, ended: () => void): void;
  /** Says one thing, and ends. */
  write(text: string): void;
}

/** A server as it is to be started so that it stands inside its walls. */
export interface EnclosedProgram {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** What it is given from descriptor 3 on: pipes, nothing, or a descriptor of this process. */
  readonly descriptors: readonly ('pipe' | 'ignore' | number)[];
  /** To be called with those pipes when its process was started: it waits for that. Rejects with a `Fault` E_SANDBOX. */
  readonly begin: (pipes: readonly WallPipe[]) => Promise<void>;
  /** To be called when its process has ended, with its exit code: what was set up for it is taken down. */
  readonly release: (exitCode?: number) => Promise<void>;
}

export interface ServerToEnclose {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly profile: Profile;
  /** Absolute paths it may read, besides the system's programs and libraries. */
  readonly readable: readonly string[];
  /** Absolute paths it may write. */
  readonly writable: readonly string[];
  /** The socket of the egress door that is this server's alone; without one it has no network. */
  readonly egressSocket?: string;
  /** Certificates that programs inside are to believe. */
  readonly trustFile?: string;
  /** What was noticed of it elsewhere, by now: told with what its walls noticed. */
  readonly elsewhere?: () => readonly EscapeAttempt[];
  /** Told of what its walls noticed, while it lives and when it has ended. Where it rejects, it is told again. */
  readonly onAttempts: (attempts: readonly EscapeAttempt[]) => Promise<void>;
}

/** One kind of wall. */
export interface Sandbox {
  readonly tier: SandboxTier;
  /** Makes sure that this host can hold it. Rejects with a `Fault` E_SANDBOX_UNAVAILABLE that names what to install. */
  check(): Promise<void>;
  /**
   * Runs one job, in a sandbox that nothing else ever runs in, and takes it down again. A program that fails is an
   * outcome. Rejects with a `Fault`: E_SANDBOX_UNAVAILABLE, E_SANDBOX_LIMIT for a limit that this host cannot hold,
   * E_SANDBOX for a sandbox that could not be set up; none of these ran anything. E_SANDBOX_LOST for one that broke or was
   * ended from outside while its program ran.
   */
  run(job: SandboxJob): Promise<SandboxOutcome>;
  /** How a stdio server starts within its walls, where the tier can do that. Rejects as `run` does. */
  enclose?(server: ServerToEnclose): Promise<EnclosedProgram>;
  /** Ends what still runs, and what waits to be used. */
  close(): Promise<void>;
}
