import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../base/errors.ts';
import { countsAgainstRun, howItWent } from './breaker-causes.ts';

/** What each code says of a call that had an intent: of its run, of its server and tool. */
const concluded: readonly (readonly [ErrorCode | undefined, string | undefined, string | undefined])[] = [
  [undefined, 'well', 'well'],
  ['E_UPSTREAM_UNREACHABLE', 'badly', 'badly'],
  ['E_UPSTREAM_TIMEOUT', 'badly', 'badly'],
  ['E_UPSTREAM_LOST', 'badly', 'badly'],
  ['E_SERVER_LAUNCH', 'badly', 'badly'],
  ['E_SERVER_INTEGRITY', 'badly', 'badly'],
  ['E_SANDBOX_UNAVAILABLE', 'badly', 'badly'],
  ['E_RESULT_INVALID', 'badly', 'badly'],
  // It answered; what it was asked for it would not or could not do.
  ['E_UPSTREAM_FAILED', 'badly', 'well'],
  ['E_SANDBOX_LIMIT', 'badly', 'well'],
  ['E_RESULT_TOO_LARGE', 'badly', 'well'],
  ['E_RESULT_FLAGGED', 'badly', 'well'],
  // It was never asked.
  ['E_CREDENTIAL', 'badly', undefined],
  ['E_CREDENTIAL_DENIED', 'badly', undefined],
  ['E_CANCELLED', undefined, undefined],
  ['E_SERVER_BUSY', undefined, undefined],
  ['E_ISOLATED', undefined, undefined],
];

const ordinary: readonly ErrorCode[] = [
  'E_APPROVAL_PENDING',
  'E_APPROVAL_EXPIRED',
  'E_APPROVAL_USED',
  'E_BREAKER_OPEN',
  'E_BUDGET',
  'E_BUNDLE_REPLACED',
  'E_BUSY',
  'E_CANCELLED',
  'E_INTERNAL',
  'E_ISOLATED',
  'E_LOOP',
  'E_RATE',
  'E_RUN_ENDED',
  'E_RUN_PAUSED',
  'E_RUN_UNKNOWN',
  'E_SCAN',
  'E_STORE',
  'E_TOOL_DRIFTED',
];
const denied: readonly ErrorCode[] = [
  'E_NOT_PERMITTED',
  'E_TOOL_UNKNOWN',
  'E_ARGUMENTS_INVALID',
  'E_ARGUMENT_CONSTRAINT',
  'E_TAINT_SINK',
  'E_APPROVAL_DENIED',
  'E_APPROVAL_ARGS_CHANGED',
  'E_APPROVAL_FLOOD',
];

describe('what a breaker counts', () => {
  it.each(concluded)('of a call that came to %s: %s for its run, %s for its server', (code, run, server) => {
    expect(howItWent('run', code)).toBe(run);
    expect(howItWent('server', code)).toBe(server);
    expect(howItWent('tool', code)).toBe(server);
  });

  it.each(ordinary)('%s before an intent is ordinary', (code) => {
    expect(countsAgainstRun(code)).toBe(false);
  });

  it.each(denied)('%s before an intent is what the run brought about', (code) => {
    expect(countsAgainstRun(code)).toBe(true);
  });
});
