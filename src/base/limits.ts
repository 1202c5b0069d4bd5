import { recordLimits } from './record-limits.ts';
import { stopLimits } from './stop-limits.ts';

/** Every bound in the product, in one place. A limit that is hit is a coded refusal, never a crash and never a cut. */
export const limits = {
  ...stopLimits,
  /** Bytes of one call's canonical arguments. */
  argumentBytes: 1_048_576,
  /** Bytes of one tool result, as JSON. */
  resultBytes: 8_388_608,
  /** Characters of one text, or of one value's texts together, that are scanned for instructions and for what must not leave; what is beyond is a finding by itself. */
  scanChars: 1_048_576,
  /** Characters that are scanned at once where they arrive; more goes to a thread of its own. */
  scanInlineChars: 32_768,
  /** Threads that scan what is large. */
  scanThreads: 2,
  /** How long a thread may take for one scan before it is ended and what it scanned is withheld. */
  scanTimeoutMs: 20_000,
  /** Scans that wait for a thread; the next is refused. */
  scansWaiting: 64,
  /** Characters of scans that wait for a thread, all together. */
  scanCharsWaiting: 67_108_864,
  /** Bytes of one line of `chaperone scan`. */
  scanLineBytes: 4_194_304,
  /** Findings that are handed out with an answer; the record has more. */
  findingsShown: 20,
  /** Messages of one conversation history. */
  historyMessages: 10_000,
  /** Boundary markers of runs remembered, least recently used thrown out. */
  boundaryMarkers: 10_000,
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
  /** How often tools are listed again at once when servers say that they changed. */
  relists: 10,
  /** In how long that may happen once more after it, however often they say so. */
  relistMs: 5_000,
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
  /** Files that are looked at to tell whether one call’s arguments name files of the gateway’s own. */
  pathLooks: 50_000,
  /** The longest duration a configuration may name, ms: a date that far away is still a date. */
  durationMs: 36_500 * 86_400_000,
  /** Policies in one bundle. */
  policies: 20_000,
  /** How deep one policy may be nested: a pair of brackets counts 3, a step in a chain of operators 1. */
  policyDepth: 256,
  /** How long a run lives unless its host says less. */
  runLifeMs: 8 * 3_600_000,
  /** Calls of one run in which loops are looked for. */
  loopCalls: 256,
  /** Runs whose calls are remembered for that, the longest unused forgotten first. */
  loopRuns: 10_000,
  /** Calls of all those runs that are remembered for that, about 25 MB. */
  loopCallsHeld: 100_000,
  /** How long the first retry waits, each next one twice as long. */
  retryFirstMs: 250,
  /** How long a retry waits at most; for longer none is made. */
  retryLongestMs: 15_000,
  /** Answers kept for when their tools fail, the oldest forgotten first. */
  keptAnswers: 10_000,
  /** Bytes of those. */
  keptAnswerBytes: 67_108_864,
  /** Circuit breakers held at once, the longest unused forgotten first. */
  breakers: 20_000,
  /** How long the one call that a half-open breaker lets through may take before another one is. */
  breakerTrialMs: 120_000,
  /** What failed is forgotten when nothing has for so long: at the next start. */
  breakerMemoryMs: 86_400_000,
  /** Calls of one run that may be refused within a minute; further ones are not looked at, and recorded together. */
  refusalsPerMinute: 1_000,
  /** Refused calls that share one record then. */
  refusalsTogether: 1_000,
  /** How long the first of them waits for others. */
  refusalsTogetherMs: 1_000,
  /** Runs for which they are counted at once, the longest unused forgotten first. */
  refusalRuns: 10_000,
  /** How deep runs may be started from runs. */
  delegationDepth: 8,
  /** Runs that may be started from one run, unless its budget says less. */
  delegationFanOut: 1_000,
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
  /** Approvals one run may ask for within `approvalsAskedMs`, answered or not. */
  approvalsAsked: 100,
  /** Approvals all runs of one agent may ask for within `approvalsAskedMs`. */
  approvalsAskedByAgent: 1_000,
  /** Approvals all agents may ask for on behalf of one user within `approvalsAskedMs`. */
  approvalsAskedForUser: 500,
  /** The time in which those are counted. */
  approvalsAskedMs: 10 * 60_000,
  /** Answers of one person that are refused within a minute; beyond, they are not looked at. */
  refusedAnswers: 20,
  /** Persons one rule may take. */
  approvalPersons: 5,
  /** Names that may be one person's; of more nobody could tell any more. */
  namesOfOnePerson: 64,
  /** How long a deputy may answer for somebody. */
  delegationMs: 31 * 86_400_000,
  /** How long a call may be held while people are asked. */
  approvalHoldMs: 10 * 60_000,
  /** Calls that are held at once while people are asked; the next gets a ticket. */
  approvalsHeld: 1_000,
  /** How often questions that nobody answered in time are closed. */
  approvalSweepMs: 15_000,
  /** How long telling people by one channel may take. */
  noticeTimeoutMs: 10_000,
  /** How long a channel that failed is left alone at first; twice as long after each further failure. */
  noticePauseMs: 15_000,
  /** How often a notice is tried. */
  noticeAttempts: 8,
  /** Characters of the secret that webhooks are signed with, at least. */
  webhookSecretChars: 32,
  /** Characters of what an agent says that a call is for. */
  quotationChars: 500,
  /** How long a tool may take unless declared otherwise. */
  callTimeoutMs: 60_000,
  /** How long a store commit may take before the call is denied. */
  commitTimeoutMs: 10_000,
  /** Bytes of one record in the store, as JSON: an event's body, a run, an approval, a descriptor, a bundle. */
  recordBytes: 16_777_216,
  /** Runs whose keys are held in memory; the one held longest is thrown out. */
  runKeys: 10_000,
  /** For how long a person who goes on reading the same part of the record is recorded once. */
  readAgainMs: 600_000,
  /** Characters of event bodies, as JSON, with which a page of events ends early. */
  pageChars: 8_388_608,
  /** Characters of a refused call’s arguments that are recorded; of longer ones only the digest of the call. */
  refusedArgumentChars: 16_384,
  /** Characters of one result, of ingested content or of a model’s step that are recorded; of longer ones, their digest and size. */
  recordedChars: 65_536,
  /** Characters of prompts that runs are remembered with; beyond it the oldest run is read from the store again. */
  rememberedPromptChars: 67_108_864,
  /** Commits handed to the store and not answered; the next is refused with `E_BUSY`. */
  commitsWaiting: 16_384,
  /** Calls at once through one runtime; the next is refused with `E_BUSY`. */
  callsInFlight: 4_096,
  /** Characters of a password, at least. */
  passwordMinChars: 12,
  /** Characters of a password, at most. */
  passwordMaxChars: 256,
  /** Sign-ins that wait for their password to be checked; the next is refused. */
  signInsWaiting: 32,
  /** Attempts to sign in that one address may make at once, and then one every so often. */
  signInBurst: 20,
  /** How often after that. */
  signInEveryMs: 3_000,
  /** Addresses whose attempts are remembered. */
  signInAddresses: 10_000,
  /** How long an enrolment code is good, and the session it opens. */
  enrolmentMs: 15 * 60_000,
  /** How long a passkey has to be touched, or an organisation to answer. */
  signInMs: 10 * 60_000,
  /** How often at most the use of a session is written down. */
  sessionTouchMs: 60_000,
  /** Passkeys of one person. */
  passkeysPerPerson: 20,
  /** How long an API key lives at most. */
  apiKeyLifeMs: 366 * 86_400_000,
  /** Characters of the reason of a stop or a resume, of a cause, and of what was changed. */
  reasonChars: 1_024,
  /** Characters of an `Idempotency-Key`. */
  callKeyChars: 255,
  /** Calls with a key whose answers are remembered, the longest unused forgotten first. */
  keyedCalls: 10_000,
  /** Bytes of results remembered for calls with a key. */
  keyedCallBytes: 67_108_864,
  /** Bytes of the user's prompt, all parts. */
  promptBytes: 1_048_576,
  /** Characters of the texts that no answer of a run may hold, all together. */
  confidentialChars: 1_048_576,
  /** Runs whose flow is held at once, the longest unused dropped first: from then on it trusts nothing that was read. */
  flowRuns: 1_000,
  /** Values and records that the flows of all runs hold together, the longest unused dropped first. */
  flowEntries: 1_500_000,
  /** Characters of results that one run's provenance index takes in. Beyond, nothing more is trusted that was read. */
  flowChars: 33_554_432,
  /** Characters of results in which a run still looks for a text that no key finds, to tell whether others order a call. */
  flowSearchedChars: 1_048_576,
  /** Values that one run's provenance index holds, as above. */
  flowValues: 600_000,
  /** Records that one run's provenance index holds, as above. */
  flowRecords: 100_000,
  /** Fields of one record that the index takes in. A record of more ends the trust in what was read. */
  flowFieldsPerRecord: 2_000,
  /** Places that one value is remembered at: one that is everywhere proves nothing. */
  flowPlacesPerValue: 256,
  /** Argument values whose origin is recorded with a decision; of the rest, their number. */
  recordedLabels: 50,
  /** Objects written by agents that are remembered of one tenant. Beyond, every object counts as written by one. */
  writtenObjects: 200_000,
  /** Objects that one call adds to those. */
  writtenObjectsPerCall: 100,
  /** Write tools a planner is shown; with more, people are asked about each. */
  plannerTools: 500,
  /** Characters of the user's own words that a planner is shown; with more, it is not asked. */
  plannerTaskChars: 32_768,
  /** Characters of each tool's description that a planner is shown. */
  plannerDescriptionChars: 400,
  /** Bytes of a planner's answer, with all that its endpoint wraps around it. */
  plannerAnswerBytes: 262_144,
  /** Tokens a planner's model may spend on an answer. */
  plannerAnswerTokens: 4_096,
  /** How long a planner may be given to answer: a run waits for it. */
  plannerTimeoutMs: 60_000,
  ...recordLimits,
  /** How long a source of credentials may take; what comes later is taken back. */
  credentialTimeoutMs: 10_000,
  /** How long what an issuer is making is waited for when nobody wants it any more, to have it taken back. */
  credentialLateMs: 60_000,
  /** How long a leased value is still looked for after it was taken back or has expired. */
  credentialHeldMs: 600_000,
  /** Leased values that are worth nothing any more and are looked for all the same, at most. */
  credentialsHeld: 1_000,
  /** How often it is looked whether what a server was lent is still the one in use. */
  credentialLookMs: 2_000,
  /** After how long without a sign of life a process counts as gone, so that others take back what it has leased. */
  credentialProcessMs: 300_000,
  /** How long a person has to consent to an account being connected. */
  credentialConsentMs: 10 * 60_000,
  /** How long a client of the egress door has to say what it wants, from its first byte on: slow ones are cut. */
  egressHeadMs: 10_000,
  /** How long the egress door waits for a connection to a host, and for its TLS. */
  egressConnectMs: 10_000,
  /** How long a connection through the egress door may be silent in both directions. */
  egressIdleMs: 300_000,
  /** How long a host may take to begin its answer to a request through the egress door. */
  egressAnswerMs: 300_000,
  /** Connections to the egress door at once; the next is closed. */
  egressConnections: 2_048,
  /** Connections of one of its clients at once; the next is refused. */
  egressConnectionsPerClient: 256,
  /** Connections to one host that one client's requests share. */
  egressHostConnections: 32,
  /** Hosts to which one client's connections are kept, the longest unused closed first. */
  egressHosts: 64,
  /** Bytes of the first message of TLS that the egress door reads to learn the host. */
  egressHelloBytes: 65_536,
  /** Hosts whose certificates the egress door keeps, the longest unused thrown out. */
  egressCertificates: 512,
  /** Bytes of one request's body that are held back and scanned; what is beyond passes unseen, where a rule allows it. */
  egressScanBytes: 1_000_000,
  /** Bytes of request bodies held back at once, all clients together; the next is refused with `E_BUSY`. */
  egressBytesHeld: 134_217_728,
  /** How long the record of a request through the egress door waits for others, to be written with them. */
  egressRecordMs: 50,
  /** Requests through the egress door whose record is not written yet; the next is refused until it is. */
  egressUnrecorded: 4_096,
  /** How often clients of the egress door are held against isolation and the end of their run. */
  egressWatchMs: 100,
  /** How often the record is looked at for events that a receiver was not told of, while nothing says there are any. */
  sinkPollMs: 1_000,
  /** How long after an event its receivers are told: what comes right behind it goes with it. */
  sinkGatherMs: 50,
  /** How long after a first failure a receiver is tried again, about; twice as long after each further one. */
  sinkRetryMs: 500,
  /** The longest such pause. */
  sinkRetryLongestMs: 60_000,
  /** How often a receiver may break on one event before that is put aside. One that is away is waited for. */
  sinkAttempts: 10,
  /** How long a receiver may take for a batch. */
  sinkTimeoutMs: 30_000,
  /** Bytes of a receiver’s answer that are read. */
  sinkAnswerBytes: 65_536,
  /** Receivers of events that one configuration may name. */
  sinks: 16,
  /** Legacy MCP sessions held at once, the longest idle ended first. */
  mcpSessions: 1_000,
  /** Legacy MCP sessions of one principal, the longest idle of its own ended first. */
  mcpSessionsPerPrincipal: 100,
  /** Processes of one server that one principal's sessions keep, the longest idle ended first. */
  mcpProcessesPerPrincipal: 16,
  /** Bytes of what an MCP request over HTTP says beside arguments and answers: capabilities, client, `_meta`. */
  mcpEnvelopeBytes: 65_536,
  /** How long an MCP session or an agent's connections to servers stay unused before they are ended. */
  mcpIdleMs: 30 * 60_000,
  /** Subscription streams open at once. */
  mcpSubscriptions: 1_024,
  /** How long the first call to a legacy server over HTTP waits for the stream on which the server may ask. */
  mcpListenMs: 1_000,
  /** Questions of servers that one MCP client has not answered yet. */
  mcpQuestions: 64,
  /** How long an MCP client has to answer a server's question. */
  mcpQuestionMs: 10 * 60_000,
  /** Bytes of one progress report or log message of a server; a larger one is dropped. */
  remarkBytes: 65_536,
  /** Progress reports and log messages of one call, or of a server outside of calls within a minute; more are dropped. */
  remarks: 2_000,
  /** Rounds of questions one call may take. */
  mcpInputRounds: 8,
  /** How long a state that a server handed out through the gateway can be brought back. */
  mcpStateMs: 10 * 60_000,
  /** How long answers to a tool’s questions are kept while the call waits for a person, whose own time is over sooner. */
  mcpStateWaitMs: 24 * 3_600_000,
  /** Calls whose answers are kept so; the oldest is forgotten, and its client asked again. */
  mcpRoundsWaiting: 1_000,
  /** Used states remembered, so that none is used twice. */
  mcpStatesUsed: 100_000,
  /** Hosts that one sandbox profile names. */
  profileHosts: 256,
  /** Sandboxes of one tier that are set up at the same time; how many run at once is up to the calls. */
  sandboxesStarting: 3,
  /** Sandboxes that wait to be set up; the next is refused. */
  sandboxesWaiting: 1_024,
  /** Sandboxes of one profile that stand ready. */
  warmSandboxes: 64,
  /** Programs that shell code in a sandbox is given. */
  sandboxPrograms: 256,
  /** Tools that code in a sandbox may call. */
  sandboxFunctions: 256,
  /** Files of a folder of the workspace that are listed, and of all of it that a sandbox is given. */
  workspaceEntries: 10_000,
  /** Bytes of a file that `builtin/files.read` reads. */
  workspaceFileBytes: 1_048_576,
  /** Characters of a path in the workspace. */
  workspacePathChars: 4_096,
  /** Bytes of a file that code changed, up to which its text is in the result. */
  changeTextBytes: 16_384,
} as const;
