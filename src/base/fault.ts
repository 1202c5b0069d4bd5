import { type ErrorCode, errorEntry } from './errors.ts';

/**
 * An operating error: a code, what happened, and its cause. The message is for the people who run Chaperone; it never
 * carries a secret or raw upstream text, and never reaches a model, which is shown `errors[code].toModel`.
 */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }

  get retryable(): boolean {
    return errorEntry(this.code).retry;
  }
}

/** The fault in `error`, or a fault of `code` that has `error` as its cause. */
export function toFault(error: unknown, code: ErrorCode, message: string): Fault {
  return error instanceof Fault ? error : new Fault(code, message, { cause: error });
}
