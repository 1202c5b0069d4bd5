import type { JsonValue } from '../../../base/json.ts';
import type { WasiEnding, WasiRun } from '../wasi/run-wasi.ts';

// What a snippet's host and its worker say to each other. Plain values only: they cross between threads, in Node and in
// browsers alike.

/** One run of code. */
export interface Snippet {
  readonly source: string;
  /** `server/tool` names that the code may call, as `tools.server.tool(argument)`. */
  readonly functions: readonly string[];
  readonly outputBytes: number;
  readonly files: Readonly<Record<string, string>>;
}

export type ToWorker =
  | { readonly kind: 'prepare'; readonly memoryBytes: number }
  | { readonly kind: 'run'; readonly snippet: Snippet }
  | { readonly kind: 'run-wasi'; readonly run: WasiRun }
  /** What a call came to: JSON, or what the code is told of its failure. */
  | { readonly kind: 'answer'; readonly id: number; readonly json: string }
  | { readonly kind: 'failure'; readonly id: number; readonly message: string };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'call'; readonly id: number; readonly name: string; readonly json: string }
  /** Of a WASI module, whose thread stands still until the answer is in `room`. */
  | { readonly kind: 'wasi-call'; readonly name: string; readonly json: string; readonly room: SharedArrayBuffer }
  | { readonly kind: 'ended'; readonly ending: SnippetEnding }
  | { readonly kind: 'wasi-ended'; readonly ending: WasiEnding }
  /** It is no module that can be run; why, for people. */
  | { readonly kind: 'wasi-refused'; readonly message: string };

export interface SnippetEnding {
  readonly end: 'exit' | 'memory' | 'output';
  /** 0 where it came to a value, 1 where it threw. */
  readonly exitCode: 0 | 1;
  /** JSON of what it came to; absent where that is nothing, or not JSON. */
  readonly value?: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly files: Readonly<Record<string, string>>;
}

/** A thread that runs snippets: a `Worker` of Node or of a browser, wrapped. */
export interface SnippetThread {
  post(message: ToWorker): void;
  onMessage(listener: (message: FromWorker) => void): void;
  /** It ended by itself: a crash, or memory that the host would not give. */
  onEnd(listener: () => void): void;
  /** At once, whatever it is doing. */
  terminate(): Promise<void>;
}

export interface SnippetResult extends Omit<SnippetEnding, 'end' | 'value'> {
  readonly end: SnippetEnding['end'] | 'time' | 'cancelled';
  readonly value?: JsonValue;
  /** Names outside of `functions` that were asked for: the thread itself does not ask for them. */
  readonly strangeCalls: number;
}
