/** Every bound in the product, in one place. A limit that is hit is a coded refusal, never a crash and never a cut. */
export const limits = {
  /** Bytes of one call's canonical arguments. */
  argumentBytes: 1_048_576,
  /** Bytes of one tool result, as JSON. */
  resultBytes: 8_388_608,
  /** Nesting depth of any JSON that comes in. */
  jsonDepth: 64,
  /** Bytes of one HTTP request body. */
  requestBytes: 4_194_304,
  /** Bytes of one stdio message. */
  messageBytes: 10_485_760,
  /** Characters of a tool's full name, `server/tool`. */
  toolNameChars: 128,
  /** Tools behind one server. */
  toolsPerServer: 2_000,
  /** Bytes of one tool's JSON Schema. */
  toolSchemaBytes: 262_144,
  /** Nesting depth of a tool's JSON Schema. */
  toolSchemaDepth: 32,
  /** Compiled schemas kept, least recently used thrown out. */
  compiledSchemas: 2_000,
  /** Bytes of a config or policy file. */
  fileBytes: 4_194_304,
  /** Policies in one bundle. */
  policies: 20_000,
  /** How long a run lives unless its host says less. */
  runLifeMs: 8 * 3_600_000,
  /** How long an agent token lives at most. */
  tokenLifeMs: 24 * 3_600_000,
  /** How long an ask waits before silence denies. */
  approvalLifeMs: 15 * 60_000,
  /** Approvals one run may have pending. */
  pendingApprovalsPerRun: 50,
  /** How long a tool may take unless declared otherwise. */
  callTimeoutMs: 60_000,
  /** How long a store commit may take before the call is denied. */
  commitTimeoutMs: 10_000,
  /** Calls at once through one runtime; the next is refused with `E_BUSY`. */
  callsInFlight: 4_096,
  /** Bytes of the user's prompt, all parts. */
  promptBytes: 1_048_576,
} as const;
