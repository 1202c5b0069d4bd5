import { type ErrorEntry, fault, NOT_ALLOWED, refusal } from './error-entry.ts';

/** What is said to people who stop, let back, and sign in. */
export const peopleErrors = {
  E_NOT_ISOLATED: fault('nothing of that name is isolated', 'see what is: `chaperone status`', { http: 409 }),
  E_SECOND_PERSON: refusal(
    'whoever stopped it does not let it back',
    'have somebody else run `chaperone resume`, under their own name',
    NOT_ALLOWED,
  ),
  E_RESUME_PRESENCE: refusal(
    'letting back takes a person who is there: at a terminal, or with a passkey',
    'run `chaperone resume` at a terminal, or sign in with a passkey; `approvals.presence` says what is enough',
    NOT_ALLOWED,
  ),
  E_INCIDENT_OPEN: refusal(
    'what was stopped for an incident is let back only with its cause and what was changed',
    'say both: `chaperone resume --cause … --control …`',
    NOT_ALLOWED,
    { http: 422 },
  ),
  E_STOP_UNSEEN: refusal(
    'it is let back only by whoever says which stops they have seen, and there are others by now',
    'look at what is stopped, `chaperone status`, and say `--seen` as it stands there',
    NOT_ALLOWED,
    { exit: 1, http: 409 },
  ),
  E_SWITCH_THROWN: refusal(
    'a file in the data folder stops it, whatever the record says',
    'see which: `chaperone doctor`; remove it, and resume then',
    NOT_ALLOWED,
    { exit: 1, http: 409 },
  ),
  E_SIGN_IN: refusal(
    'the sign-in was not accepted: the name, the password or the passkey is wrong, or there were too many attempts',
    'try again later, or ask an admin for an enrolment code',
    NOT_ALLOWED,
    { exit: 4, http: 401 },
  ),
  E_SESSION_ENDED: refusal(
    'the session has ended, was revoked, or was unused for too long',
    'sign in again',
    NOT_ALLOWED,
    {
      exit: 4,
      http: 401,
    },
  ),
  E_FRESH_SIGN_IN: refusal(
    'this takes a person who has just signed in, not a key, a token or an old session',
    'sign in again, and do it then',
    NOT_ALLOWED,
  ),
  E_CSRF: refusal(
    'a request with a cookie lacks the session’s own token, or comes from another site',
    'send `x-chaperone-csrf` as the sign-in gave it, or a bearer token',
    NOT_ALLOWED,
  ),
  E_TICKET: refusal('the code or challenge was used already, or has expired', 'begin again', NOT_ALLOWED, {
    exit: 4,
    http: 401,
  }),
  E_LAST_ADMIN: refusal('nobody would be left who may change accounts', 'make another admin first', NOT_ALLOWED, {
    exit: 1,
    http: 409,
  }),
  E_PERSON_EXISTS: fault('there is an account of that name', 'choose another name', { http: 409 }),
  E_PASSWORD_WEAK: refusal('the password is too short, or is among the commonest', 'choose a longer one', NOT_ALLOWED, {
    exit: 2,
    http: 422,
  }),
} as const satisfies Record<string, ErrorEntry>;
