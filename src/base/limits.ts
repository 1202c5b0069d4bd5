/** Every bound in the product, in one place. A limit that is hit is a coded refusal, never a crash and never a cut. */
export const limits = {
  /** Bytes of one call's canonical arguments. */
  argumentBytes: 1_048_576,
  /** Bytes of one tool result, as JSON. */
  resultBytes: 8_388_608,
  /** Characters of one text, or of one value's texts together, that are scanned for instructions and for what must not leave; what is beyond is a finding by itself. */
  scanChars: 1_048_576,
  /** Nesting depth of any JSON that comes in. */
  jsonDepth: 64,
  /** Bytes of one HTTP request body. */
  requestBytes: 4_194_304,
  /** Bytes of one HTTP request's line and headers. */
  headerBytes: 16_384,
  /** Headers of one HTTP request. */
  headerCount: 100,
  /** Bytes of HTTP request bodies held at once, all connections together; the next is refused with `E_BUSY`. */
  requestBytesInFlight: 268_435_456,
  /** Open HTTP connections; the next is closed. */
  connections: 8_192,
  /** How long a client may take to send its headers. */
  headersTimeoutMs: 10_000,
  /** How long a client may take to send a whole request. */
  requestTimeoutMs: 60_000,
  /** How long an idle HTTP connection is kept. */
  keepAliveMs: 65_000,
  /** How long requests in flight may take to finish when the gateway stops. */
  drainMs: 10_000,
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
  /** Work of checking one value against a tool’s schema and constraints, in steps of about 10 ns. */
  validationSteps: 5_000_000,
  /** Compiled schemas kept, least recently used thrown out. */
  compiledSchemas: 2_000,
  /** Bytes of a policy file. */
  fileBytes: 4_194_304,
  /** Bytes of a file in which an MCP client keeps its servers; some keep their history in it too. */
  clientFileBytes: 67_108_864,
  /** Bytes of `chaperone.yaml`. */
  configBytes: 1_048_576,
  /** Values in `chaperone.yaml`, aliases expanded. */
  configValues: 200_000,
  /** Aliases in `chaperone.yaml`. */
  configAliases: 1_000,
  /** Problems of one configuration that are printed; of the rest, their number. */
  configProblems: 50,
  /** How long installing one server may take. */
  installTimeoutMs: 300_000,
  /** Bytes of a file that holds one secret. */
  secretBytes: 65_536,
  /** Policies in one bundle. */
  policies: 20_000,
  /** How deep one policy may be nested: a pair of brackets counts 3, a step in a chain of operators 1. */
  policyDepth: 256,
  /** How long a run lives unless its host says less. */
  runLifeMs: 8 * 3_600_000,
  /** How long an agent token lives at most. */
  tokenLifeMs: 24 * 3_600_000,
  /** Characters of a token. */
  tokenChars: 8_192,
  /** How far the clock of the process that issued a token may be ahead of ours. */
  tokenSkewMs: 30_000,
  /** Verified tokens remembered, least recently used thrown out. */
  verifiedTokens: 4_096,
  /** How long an ask waits before silence denies. */
  approvalLifeMs: 15 * 60_000,
  /** Approvals one run may have pending. */
  pendingApprovalsPerRun: 50,
  /** How long a tool may take unless declared otherwise. */
  callTimeoutMs: 60_000,
  /** How long a store commit may take before the call is denied. */
  commitTimeoutMs: 10_000,
  /** Bytes of one record in the store, as JSON: an event's body, a run, an approval, a descriptor, a bundle. */
  recordBytes: 16_777_216,
  /** Characters of event bodies, as JSON, with which a page of events ends early. */
  pageChars: 8_388_608,
  /** Commits handed to the store and not answered; the next is refused with `E_BUSY`. */
  commitsWaiting: 16_384,
  /** Calls at once through one runtime; the next is refused with `E_BUSY`. */
  callsInFlight: 4_096,
  /** Bytes of the user's prompt, all parts. */
  promptBytes: 1_048_576,
  /** Legacy MCP sessions held at once, the longest unused ended first. */
  mcpSessions: 1_000,
  /** Legacy MCP sessions of one principal. */
  mcpSessionsPerPrincipal: 100,
  /** How long an MCP session or an agent's connections to servers stay unused before they are ended. */
  mcpIdleMs: 30 * 60_000,
  /** Subscription streams open at once. */
  mcpSubscriptions: 1_024,
  /** Questions of servers that one MCP client has not answered yet. */
  mcpQuestions: 64,
  /** How long an MCP client has to answer a server's question. */
  mcpQuestionMs: 10 * 60_000,
  /** Rounds of questions one call may take. */
  mcpInputRounds: 8,
  /** How long a state that a server handed out through the gateway can be brought back. */
  mcpStateMs: 10 * 60_000,
  /** Used states remembered, so that none is used twice. */
  mcpStatesUsed: 100_000,
} as const;
