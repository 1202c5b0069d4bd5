import type { JsonObject, JsonValue } from '../base/json.ts';

/** A tool's answer, in the shape of MCP's `CallToolResult`: content blocks, and structured content where there is any. */
export interface ToolResult {
  readonly content: readonly JsonObject[];
  readonly structuredContent?: JsonValue;
  readonly isError?: boolean;
  /** Members of the upstream's result that Chaperone does not interpret and passes on. */
  readonly extra?: JsonObject;
}

/** Something that was taken out of a result before the model saw it. */
export interface Redaction {
  readonly kind: string;
  /** JSON pointer into the result. */
  readonly path: string;
  readonly characters: number;
}
