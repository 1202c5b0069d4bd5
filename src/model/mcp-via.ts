/** Over what a message of MCP travels: a pair of pipes, or HTTP. */
export type McpTransport = 'pipe' | 'tcp';

/** How a call came in over MCP. For traces: nothing rests on it. */
export interface McpVia {
  /** `tools/call`, `resources/read`, … */
  readonly method: string;
  /** The name of the tool or prompt as the client was shown it; absent for what has none. */
  readonly target?: string;
  readonly version: string;
  readonly transport: McpTransport;
  /** As the client numbered it. */
  readonly requestId: string | number;
  /** When it was taken up. */
  readonly atMs: number;
}
