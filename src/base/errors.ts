import { approvalErrors } from './approval-errors.ts';
import { BAD_ARGUMENTS, type ErrorEntry, fault, NOT_ALLOWED, refusal, TRY_LATER } from './error-entry.ts';
import { limitErrors } from './limit-errors.ts';
import { peopleErrors } from './people-errors.ts';
import { sandboxErrors } from './sandbox-errors.ts';

/** The errors table: every code the product can answer with. `docs/errors.md` is checked against it in both directions. */
export const errors = {
  // who is calling
  E_AUTH_REQUIRED: refusal('no credentials were presented', 'send `Authorization: Bearer <token>`', NOT_ALLOWED, {
    exit: 4,
    http: 401,
  }),
  E_TOKEN_INVALID: refusal(
    'the token is malformed, expired, for another audience, or not signed by this gateway',
    'issue a new one with `chaperone token`',
    NOT_ALLOWED,
    { exit: 4, http: 401 },
  ),
  E_ROLE_MISSING: refusal('these credentials may not do this', 'use credentials of the right kind', NOT_ALLOWED),
  E_RUN_UNKNOWN: refusal('no such run for this principal', 'start one with `POST /v1/runs`', NOT_ALLOWED, {
    http: 404,
  }),
  E_RUN_ENDED: refusal('the run has ended or expired', 'start a new run', NOT_ALLOWED, { http: 409 }),
  E_ISOLATED: refusal(
    'the agent, tool or run is isolated',
    'ask an operator; see `chaperone status`',
    'This agent has been stopped by an operator. Do not retry.',
  ),

  // who stops and lets back
  ...peopleErrors,

  // what is asked
  E_TOOL_UNKNOWN: refusal('no such tool for this agent', 'list tools with `chaperone map`', 'There is no such tool.', {
    http: 404,
  }),
  E_TOOL_DRIFTED: refusal(
    'the tool’s name, description or schema changed since it was reviewed',
    'review it with `chaperone tools diff`',
    'This tool is disabled until it has been reviewed.',
  ),
  E_TOOL_UNREVIEWED: refusal(
    'the tool has no declared consequence, which mode `enforce` requires',
    'declare it in `chaperone.yaml`; `chaperone map` drafts it',
    'This tool is disabled until it has been reviewed.',
  ),
  E_TOOL_SCHEMA: refusal(
    'the tool’s schema cannot be enforced, so the tool is disabled',
    'see the reason; report it to the server’s owner',
    'This tool is disabled until it has been reviewed.',
  ),
  E_ARGUMENTS_INVALID: refusal('the arguments do not fit the tool’s schema', 'see the path named', BAD_ARGUMENTS, {
    http: 422,
  }),
  E_ARGUMENT_UNKNOWN: refusal(
    'an argument the schema does not name',
    'remove it, or declare it in the manifest',
    BAD_ARGUMENTS,
    { http: 422 },
  ),
  E_ARGUMENT_CONSTRAINT: refusal(
    'an argument is outside what the manifest allows',
    'see the rule named',
    'An argument is outside what is allowed here.',
  ),
  E_ARGUMENT_DANGEROUS: refusal(
    'an argument carries path traversal, shell, SQL, header or template syntax where it cannot be meant',
    'see the path named; the manifest can exempt one argument',
    'An argument is outside what is allowed here.',
  ),
  E_PATH_RESERVED: refusal(
    'an argument names a file of the gateway’s own: its data, keys and secrets, or, where the tool writes, its rules or a folder that holds any of it',
    'name other files; a tool that only reads may be declared `effect: read`',
    'An argument is outside what is allowed here.',
  ),
  E_LIMIT: refusal('a size or depth limit was reached', 'see `docs/limits.md`', 'The request is too large.', {
    http: 413,
  }),
  E_IDEMPOTENCY_KEY: refusal(
    'this run has used the `Idempotency-Key` for another call',
    'use a new key for a new call',
    'The request was not accepted.',
    { http: 409 },
  ),
  E_BUNDLE_REPLACED: refusal(
    'the bundle this call was decided under is not the active one: another gateway on the same data folder may have put its own into force',
    'see `chaperone status`; give each configuration a `data` folder of its own',
    TRY_LATER,
    { exit: 1, http: 503, retry: true },
  ),
  E_BUSY: refusal('too many calls are in flight', 'retry with backoff', TRY_LATER, { http: 503, retry: true }),
  E_SERVER_BUSY: refusal(
    'this principal’s sessions keep as many processes of the server as they may, and all are at work',
    'end sessions that are not needed, or retry with backoff; see `docs/limits.md`',
    TRY_LATER,
    { exit: 1, http: 503, retry: true },
  ),

  // what policy says
  E_DENIED: refusal('a policy forbids it', 'see why: `chaperone explain <id> --trace`', NOT_ALLOWED),
  E_NOT_PERMITTED: refusal(
    'no policy permits it, and what is not permitted is denied',
    'see the nearest change: `chaperone explain <id> --trace`',
    NOT_ALLOWED,
  ),
  E_POLICY_ERROR: refusal(
    'a policy failed to evaluate, and an error denies',
    'see the policy named: `chaperone explain <id> --trace`',
    NOT_ALLOWED,
  ),

  // how much of it
  ...limitErrors,

  // what a person says
  ...approvalErrors,

  // where it came from
  E_TASK_UNASKED: refusal(
    'the user’s own words ask for no such change',
    'say it in the prompt, or approve the call',
    'The user did not ask for this.',
  ),
  E_TAINT_SINK: refusal(
    'a protected argument holds a value that nobody trusted chose',
    'see where it came from: `chaperone explain <id> --trace`',
    'A value in this call is not one the user chose. Ask the user for it.',
  ),
  E_TAINT_EGRESS: refusal(
    'secret data, or an address from outside, would leave',
    'see the path: `chaperone explain <id> --trace`',
    'This would send data where the user did not ask for it to go.',
  ),
  E_EGRESS_FINDING: refusal(
    'what would leave looks like a credential, or has the shape of data being carried out',
    'see what was found: `chaperone explain <id> --trace`; let it out once, or allow its kind under `scan` of the tool',
    'This would send something that must not leave. Take it out.',
  ),
  E_EGRESS_SECRET: refusal(
    'the arguments hold a secret that this gateway keeps, or a kind that the tool’s `scan.deny` names',
    'find out how the agent got it, and replace it',
    'This would send something that must not leave. Take it out.',
  ),
  E_EGRESS_DENIED: refusal(
    'no rule lets this request out, or a denial names its host',
    'see the record; let it out under `egress.allow`',
    'This address may not be reached from here. Retrying will not help.',
  ),
  E_EGRESS_ADDRESS: refusal(
    'the host leads to an address that is not a public one, or not one that its rule names',
    'name the address under `addresses` of the rule, if it is meant',
    'This address may not be reached from here. Retrying will not help.',
  ),
  E_EGRESS_COUNTRY: refusal(
    'the address is in a country that may not be reached, or in none that is known',
    'see `egress.countries`',
    'This address may not be reached from here. Retrying will not help.',
  ),
  E_EGRESS_REQUEST: refusal(
    'the request can be read in more than one way, so it was not sent on',
    'see the reason in the record',
    'The request was not accepted.',
    { exit: 2, http: 400 },
  ),
  E_EGRESS_TLS: refusal(
    'what came through the tunnel is not TLS for its host, or does not show for which',
    'see the reason in the record; `egress.hello` and `raw` of the rule say what may pass',
    'The connection was not accepted.',
  ),
  E_EGRESS_QUOTA: refusal(
    'this client has used up its rate or its bytes',
    'see `egress.rate`, `egress.upload` and `egress.download`',
    'Too much was sent or asked for. Do less.',
    { http: 429 },
  ),
  E_CREDENTIAL_DENIED: refusal(
    'there is no credential of that name for this host, agent and tool',
    'see the record, and `credentials` of the manifest',
    'This credential cannot be used here.',
  ),
  E_CREDENTIAL: fault(
    'a credential could not be had: its source did not answer in time or not as it should, or has none',
    'see the reason, and `chaperone cred list`',
    { http: 502, retry: true, toModel: TRY_LATER },
  ),
  E_PLAN_DEVIATES: refusal('the call is not the next one of the declared plan', 'see the plan of the run', NOT_ALLOWED),

  // what came back
  E_RESULT_INVALID: refusal(
    'the result does not conform to the tool’s output schema and was withheld; the tool did run',
    'report it to the server’s owner',
    'The tool ran, but its result was not valid and was withheld.',
    { http: 502 },
  ),
  E_ANSWER_INVALID: refusal(
    'the answer is not what its contract says',
    'see the reason; ask the agent again',
    'The answer does not have the form that was asked for.',
    { http: 422 },
  ),
  E_RESULT_GONE: refusal(
    'the call with this `Idempotency-Key` ran, and its result is not kept any more',
    'see `chaperone explain <id>`; use a new key to call again',
    'This call has run already. Its result is not available any more.',
    { http: 410 },
  ),
  E_RESULT_TOO_LARGE: refusal(
    'the result is over the size limit and was withheld; the tool did run',
    'ask for less at once',
    'The tool ran, but its result was too large and was withheld.',
    { http: 502 },
  ),
  E_RESULT_FLAGGED: refusal(
    'the result reads like instructions to a model and its source says to withhold such; the tool did run',
    'see what was found: `chaperone explain <id>`',
    'The tool ran, but its result was withheld for safety.',
    { http: 502 },
  ),
  E_CONTENT_FLAGGED: refusal(
    'the content reads like instructions to a model and its source says to withhold such',
    'see what was found in the record of the run',
    'This content was withheld for safety.',
    { http: 422 },
  ),
  E_RESULT_UNSCANNED: refusal(
    'the result could not be scanned in time, or the scanner died, so it was withheld; the tool did run',
    'ask for less at once; see `docs/limits.md`',
    'The tool ran, but its result could not be checked and was withheld.',
    { http: 502 },
  ),

  // what did not work
  E_SCAN: fault('what came in could not be scanned: the scanner is full, too slow or died', 'retry with backoff', {
    http: 503,
    retry: true,
    toModel: TRY_LATER,
  }),
  E_UPSTREAM_UNREACHABLE: fault('the tool’s server could not be reached; nothing ran', 'see `chaperone status`', {
    exit: 7,
    http: 502,
    retry: true,
    toModel: TRY_LATER,
  }),
  E_UPSTREAM_FAILED: fault('the tool’s server answered with a protocol error', 'see `chaperone explain <id>`', {
    http: 502,
    toModel: 'The tool failed.',
  }),
  E_UPSTREAM_TIMEOUT: fault('the tool did not answer in time; whether it ran is unknown', 'check before retrying', {
    http: 504,
    toModel: 'The tool did not answer in time. It may or may not have run: check before retrying.',
  }),
  E_UPSTREAM_LOST: fault('the connection broke during the call; whether it ran is unknown', 'check before retrying', {
    http: 502,
    toModel: 'The connection to the tool was lost. It may or may not have run: check before retrying.',
  }),
  E_CANCELLED: fault('the caller cancelled; whether the tool ran is unknown', 'check before retrying', {
    exit: 1,
    http: 499,
    toModel: 'The call was cancelled.',
  }),
  E_PLANNER: fault(
    'the planner did not answer, or not as it was asked to; the words of the prompt alone decide what was asked for',
    'see the run’s `run.planned` event and `planner` in the configuration',
    { exit: 7, http: 502, retry: true },
  ),
  E_STORE: fault(
    'the store did not answer or refused to write; nothing runs without a record',
    'see `chaperone doctor`',
    {
      http: 503,
      retry: true,
      toModel: TRY_LATER,
    },
  ),
  E_STORE_CORRUPT: fault('the store’s contents are not what was written', 'restore a backup', { exit: 8 }),
  E_RETENTION: refusal(
    'this was recorded too recently to be erased: a regime under `retention` has it kept longer',
    'wait, or say `--despite-retention` and why',
    NOT_ALLOWED,
    { http: 409 },
  ),
  E_TEMPLATE_UNKNOWN: refusal(
    'the step names a prompt template, or a version of one, that is not registered',
    'name it under `templates` of the configuration, or register it first',
    'The request was not accepted.',
    { http: 422 },
  ),
  E_TEMPLATE_CHANGED: refusal(
    'this version of the prompt template is registered with another text',
    'register the new text as a new version',
    'The request was not accepted.',
    { http: 409 },
  ),
  E_RECORD_KEY: fault(
    'the key that the record is sealed with is missing, is another one, or cannot be reached',
    'put the folder `record-keys` of the data folder back as it was',
    { http: 503 },
  ),
  E_LEDGER: fault('the ledger cannot be read or written; calls go on, and no checkpoint is signed', 'see the reason', {
    http: 503,
    retry: true,
  }),
  E_LEDGER_FORK: fault(
    'the record or the ledger is not a continuation of what was signed, so nothing more is signed',
    'run `chaperone evidence fsck`, and restore what was changed',
    { exit: 8 },
  ),
  E_COPY: fault(
    'a copy of the ledger cannot be read or written; the ledger itself goes on, and the copy is made up later',
    'see the reason, and `ledger.copies`',
    { exit: 7, http: 503, retry: true },
  ),
  E_COPY_DIFFERS: fault(
    'a copy of the ledger has something else than the ledger: one of them was changed, or put back',
    'keep both as they are, and run `chaperone evidence verify` on each',
    { exit: 8 },
  ),
  E_EVIDENCE: fault('the evidence does not verify', 'see what is named; keep it as it is', { exit: 8 }),
  E_REPLAY_DIFFERS: fault(
    'a recorded decision came out otherwise when it was made again from what is recorded',
    'report it with the output of `chaperone replay --json`; verify the record with `chaperone evidence fsck`',
    { exit: 8 },
  ),
  E_FLIPS: fault(
    'recorded calls would be decided otherwise under these rules, and nobody has said that they are meant to be',
    'look at them with `chaperone explain`, then say `--accept-flips`',
    { exit: 6 },
  ),
  E_WITNESS: fault('a witness did not answer, or does not sign', 'see the reason, and the witness’s own log', {
    exit: 7,
    http: 502,
    retry: true,
  }),
  E_SINK: fault('a receiver of events did not take them', 'see `chaperone outbox list`, and the receiver’s own log', {
    exit: 7,
    http: 502,
    retry: true,
  }),
  E_SERVER_LAUNCH: fault('an MCP server could not be started', 'see the reason and `chaperone doctor`', {
    exit: 7,
    http: 502,
    toModel: TRY_LATER,
  }),
  E_SERVER_INTEGRITY: refusal(
    'a server’s package is not the one that was reviewed; it was not started',
    'review it, then pin the new digest',
    'This tool is disabled until it has been reviewed.',
    { exit: 8 },
  ),
  ...sandboxErrors,
  E_INTERNAL: fault('a bug in Chaperone; the call was denied', 'report it with the id'),

  // files and the command line
  E_CONFIG: fault('the configuration is not valid', 'see the file, line and column named', { exit: 2, http: 500 }),
  E_POLICY_INVALID: fault('a policy does not parse or does not validate', 'see the file and line named', { exit: 2 }),
  E_USAGE: fault('the command line is not understood', 'run `chaperone --help`', { exit: 2, http: 400 }),
  E_NOT_FOUND: fault('no such thing', 'check the id', { exit: 1, http: 404 }),
  E_STORE_NEWER: fault(
    'the store was written by a newer version of Chaperone',
    'start that version again, or restore a backup of before it was installed',
    { exit: 1, http: 500 },
  ),
  E_STORE_NONE: fault(
    'nothing is recorded yet',
    'start it once (`chaperone up`), or check `data` of the manifest and `--config`',
    { exit: 1, http: 404 },
  ),
  E_REQUEST_INVALID: fault('the request is not understood', 'see the path named', { exit: 2, http: 400 }),
  E_METHOD: fault('this address does not take that method', 'use one that the `Allow` header names', {
    exit: 2,
    http: 405,
  }),
  E_MEDIA_TYPE: fault('the body is not uncompressed UTF-8 JSON', 'send `Content-Type: application/json`', {
    exit: 2,
    http: 415,
  }),
  E_ORIGIN: refusal(
    'the Host or Origin header names a site this gateway does not answer for',
    'add the name to `listen.names`',
    NOT_ALLOWED,
  ),
  E_LISTEN: fault('the address cannot be listened on', 'see the reason; beyond loopback TLS is required', { exit: 2 }),
  E_CHECKS_FAILED: fault('the installation is not sound', 'see the lines that are marked ✗', { exit: 6 }),
  E_TESTS_FAILED: fault('policy tests failed', 'see the cases named', { exit: 6 }),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errors;

export function errorEntry(code: ErrorCode): ErrorEntry {
  return errors[code];
}
