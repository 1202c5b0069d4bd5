import type { Terminal } from './terminal.ts';

/** What every command is given. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** Path of `chaperone.yaml`, whether or not it exists. */
  readonly configPath: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted on Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
}

/** A command: its options as commander gives them, then its arguments. */
export type Action = (context: CommandContext, options: never, ...args: unknown[]) => Promise<void>;
/** Makes of a command what commander calls. */
export type Run = (action: Action) => (...given: unknown[]) => Promise<void>;
