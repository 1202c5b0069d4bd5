import type { JsonObject } from '../src/base/json.ts';

/** What the replay scorer asks of an adapter. */
export interface Session {
  before(
    name: string,
    args: JsonObject,
  ): Promise<{
    readonly verdict: 'allow' | 'ask' | 'deny';
    readonly reasons?: readonly { readonly message: string }[];
  }>;
  after(
    name: string,
    args: JsonObject,
    output: string,
  ): Promise<{ readonly verdict?: 'pass' | 'withhold'; readonly output?: string }>;
  tools(list: readonly ReplayTool[]): Promise<void>;
  close(): Promise<void>;
}

export interface ReplayTool {
  readonly name: string;
  readonly description?: string;
  readonly input_schema?: JsonObject;
}

export interface ReplayOptions {
  readonly suite: string;
  readonly tools: readonly ReplayTool[];
  readonly userPrompt: string;
  readonly promptParts?: readonly (
    | string
    | { readonly kind?: string; readonly text?: string; readonly content?: string }
  )[];
  readonly manifestDir?: string;
}

export function openSession(
  options: ReplayOptions,
  how: { readonly attest: boolean; readonly manifest?: object },
): Promise<Session>;
export function open(options: ReplayOptions): Promise<Session>;
