import { type ErrorEntry, refusal, TRY_LATER } from './error-entry.ts';

/** What is said of budgets, rates, and runs that fail or go in circles. */
export const limitErrors = {
  E_BUDGET: refusal(
    'a budget is used up',
    'see which one in the reason; raise it under `budget` of the agent or `budgets`, or start a new run',
    'The budget for this is used up. Retrying will not help. Finish with what you have.',
    { http: 429 },
  ),
  E_RATE: refusal(
    'the agent may call this tool only so often, and has',
    'wait as long as is said; the rate stands under `rate` of the agent’s tool',
    'This tool was called too often. The same call may work later. Continue with other work.',
    { http: 429, retry: true },
  ),

  E_REFUSALS: refusal(
    'so many calls of this run were refused within a minute that further ones are not looked at for the rest of it',
    'see what it does: `chaperone tail`; stop it: `chaperone stop --run <id>`',
    'Too many calls were refused. Stop making calls like these, and do something else.',
    { http: 429, retry: true },
  ),

  E_LOOP: refusal(
    'the run goes in circles: it repeats what it has done',
    'see which rule of `loops` says so; approve the call, or end the run',
    'This repeats what was done before, and nothing has changed. Do something else.',
  ),
  E_UNCONFIRMED: refusal(
    'the tool ran, but what it was to bring about could not be confirmed by reading it back',
    'see the incident: `chaperone explain <id>`, and look at the system itself',
    'The tool ran, but its effect could not be confirmed. Do not retry: tell the user.',
    { http: 502 },
  ),
  E_BREAKER_OPEN: refusal(
    'too many calls of this tool, server or run have failed in a row, so no more are made for a while',
    'see the reason, and what failed: `chaperone tail`',
    TRY_LATER,
    { http: 503, retry: true },
  ),

  E_RUN_PAUSED: refusal(
    'the run is paused until a person lets it go on',
    'see why in its record, then `POST /v1/runs/:id/resume`',
    'This run has been paused until a person has looked at it. Do not retry.',
    { http: 409 },
  ),
} as const satisfies Record<string, ErrorEntry>;
