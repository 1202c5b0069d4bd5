import { type ErrorEntry, fault, NOT_ALLOWED, refusal } from './error-entry.ts';

/** What a person says, and how people are told. */
export const approvalErrors = {
  E_APPROVAL_PENDING: refusal(
    'a person has to approve this call',
    'answer it: `chaperone approvals show <id>`',
    'A person has been asked to approve this call. It has not run. Continue with other work.',
    { exit: 5, http: 202, retry: true },
  ),
  E_APPROVAL_DENIED: refusal(
    'a person denied this call',
    'see the record',
    'A person denied this call. Do not retry it.',
    {
      exit: 5,
    },
  ),
  E_APPROVAL_EXPIRED: refusal(
    'nobody answered in time, and silence denies',
    'ask again',
    'Nobody approved this call in time. It has not run.',
    { exit: 5 },
  ),
  E_APPROVAL_ARGS_CHANGED: refusal(
    'the call differs from the one that was approved',
    'ask again for this call',
    'The call differs from the approved one. It has not run.',
    { exit: 5, http: 409 },
  ),
  E_APPROVAL_USED: refusal(
    'the approval was already used or does not exist',
    'ask again',
    'This approval cannot be used. The call has not run.',
    { exit: 5, http: 409 },
  ),

  E_APPROVAL_UNKNOWN: refusal(
    'this run has no such approval',
    'ask again, or list what waits: `chaperone approvals list`',
    'This approval cannot be used. The call has not run.',
    { exit: 5, http: 404 },
  ),
  E_APPROVAL_FLOOD: refusal(
    'the run has asked people as often as it may for now, or a person has tried to answer too often',
    'answer or deny what waits; see `docs/limits.md`',
    'People have been asked too often. Do not ask again for this now. Continue with other work.',
    { exit: 5, http: 429, retry: true },
  ),
  E_APPROVER: refusal(
    'this person is none of those who may answer for this tool',
    'ask one of those that `chaperone approvals show <id>` names',
    NOT_ALLOWED,
  ),
  E_APPROVAL_OWN: refusal(
    'nobody approves what they, or an agent of theirs, asked for',
    'ask another approver; `approvals.separation` says whether this holds',
    NOT_ALLOWED,
  ),
  E_APPROVAL_SAME_PERSON: refusal(
    'it takes another person: this one, whose duty it is, or whoever made or reset the account lately has approved it already',
    'ask another approver; `people.settling` says for how long a new account is nobody else',
    NOT_ALLOWED,
    { http: 409 },
  ),
  E_APPROVAL_PRESENCE: refusal(
    'approving takes a person who is there: at a terminal, or with a passkey',
    'answer at a terminal, `chaperone approvals approve <id>`, or sign in with a passkey; `approvals.presence` says what is enough',
    NOT_ALLOWED,
  ),
  E_DEPUTY_PRESENCE: refusal(
    'a deputy is named by a person who is there: at a terminal, or just signed in',
    'run `chaperone approvals delegate <deputy> --for 8h` at a terminal, or sign in and send `POST /v1/duties`',
    NOT_ALLOWED,
  ),
  E_APPROVAL_CONFIRM: refusal(
    'what can do much harm is approved only by whoever also names the tool',
    'name it: `--confirm <server/tool>`, or `confirm` in the request',
    NOT_ALLOWED,
    { http: 422 },
  ),
  E_NOTIFY: fault(
    'people could not be told by a channel; it is tried again',
    'see the reason, and the channel’s own log',
    {
      exit: 7,
      http: 502,
      retry: true,
    },
  ),
  E_WEBHOOK: refusal(
    'a webhook is forged, altered or old',
    'do nothing of what it says; see `docs/approvals.md`',
    NOT_ALLOWED,
    { exit: 8, http: 401 },
  ),
} as const satisfies Record<string, ErrorEntry>;
