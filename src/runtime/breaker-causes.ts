import type { ErrorCode } from '../base/errors.ts';
import type { BreakerScope } from './breaker-book.ts';

/** Failures of a server or of what it promised. What a caller can bring about by its arguments alone is none of them. */
const BROKEN: ReadonlySet<ErrorCode> = new Set([
  'E_UPSTREAM_UNREACHABLE',
  'E_UPSTREAM_TIMEOUT',
  'E_UPSTREAM_LOST',
  'E_SERVER_LAUNCH',
  'E_SERVER_INTEGRITY',
  'E_SANDBOX_UNAVAILABLE',
  'E_RESULT_INVALID',
]);

/** The call had an intent and did not reach its server: nothing was seen of either. */
const NOT_REACHED: ReadonlySet<ErrorCode> = new Set([
  'E_CANCELLED',
  'E_SERVER_BUSY',
  'E_ISOLATED',
  'E_CREDENTIAL',
  'E_CREDENTIAL_DENIED',
]);

/** The caller went away, or has to wait: no fault of the run. */
const NO_FAULT: ReadonlySet<ErrorCode> = new Set(['E_CANCELLED', 'E_SERVER_BUSY', 'E_ISOLATED']);

/**
 * Denials that a run brings about by what it asks for. Everything else that ends a call before its intent is ordinary: a
 * budget or a rate is used up, a person has not answered yet, somebody else was quicker to use an answer, somebody stopped
 * it, or Chaperone itself cannot go on. None of that says that the run fails.
 */
const ASKED_FOR: ReadonlySet<ErrorCode> = new Set([
  'E_NOT_PERMITTED',
  'E_DENIED',
  'E_TOOL_UNKNOWN',
  'E_ARGUMENTS_INVALID',
  'E_ARGUMENT_UNKNOWN',
  'E_ARGUMENT_CONSTRAINT',
  'E_ARGUMENT_DANGEROUS',
  'E_PATH_RESERVED',
  'E_LIMIT',
  'E_TASK_UNASKED',
  'E_TAINT_SINK',
  'E_TAINT_EGRESS',
  'E_EGRESS_FINDING',
  'E_EGRESS_SECRET',
  'E_PLAN_DEVIATES',
  'E_APPROVAL_DENIED',
  'E_APPROVAL_ARGS_CHANGED',
  'E_APPROVAL_UNKNOWN',
  'E_APPROVAL_FLOOD',
]);

/** What a call that had an intent says of its run, server or tool: nothing, where it is undefined. */
export function howItWent(kind: BreakerScope['kind'], code: ErrorCode | undefined): 'well' | 'badly' | undefined {
  if (code === undefined) return 'well';
  if (kind === 'run') return NO_FAULT.has(code) ? undefined : 'badly';
  if (NOT_REACHED.has(code)) return undefined;
  return BROKEN.has(code) ? 'badly' : 'well';
}

/** Whether a call that ended before its intent counts against its run. */
export function countsAgainstRun(code: ErrorCode): boolean {
  return ASKED_FOR.has(code);
}
