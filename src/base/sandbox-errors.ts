import { type ErrorEntry, fault, refusal, TRY_LATER } from './error-entry.ts';

const NOT_THERE = 'This tool is not available right now. Retrying will not help.';

/** What sandboxes answer with. */
export const sandboxErrors = {
  E_SANDBOX_UNAVAILABLE: refusal(
    'the sandbox that the profile asks for is not there on this host; no weaker one is used',
    'install what the message names, or choose another `tier`',
    NOT_THERE,
    { exit: 7, http: 503 },
  ),
  E_SANDBOX_LIMIT: refusal(
    'a limit of the profile cannot be held on this host, so nothing was run',
    'let the gateway make control groups, or set `limits: per-process` in the profile; see `docs/sandboxes.md`',
    NOT_THERE,
    { exit: 7, http: 503 },
  ),
  E_SANDBOX: fault('a sandbox could not be set up, so nothing ran', 'see the reason and `docs/sandboxes.md`', {
    http: 503,
    retry: true,
    toModel: TRY_LATER,
  }),
  E_PACKAGES: refusal(
    'the packages that code may import could not be had as their lock file pins them, so nothing was run',
    'see the reason; correct the lock file, or `builtin.packages`',
    NOT_THERE,
    { exit: 8, http: 503 },
  ),
  E_SANDBOX_LOST: fault(
    'a sandbox broke, or was ended from outside, while its program ran; how far that came is unknown',
    'check before retrying',
    { http: 502, toModel: 'The code was ended half-way. It may or may not have done part of its work.' },
  ),
} as const satisfies Record<string, ErrorEntry>;
