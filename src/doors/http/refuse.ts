import { type Clock, newId } from '../../base/clock.ts';
import { type ErrorCode, errorEntry } from '../../base/errors.ts';
import { Fault } from '../../base/fault.ts';
import type { ErrorBody } from '../../contract/http.ts';
import type { Ran } from '../../ports/store.ts';
import type { Receipt } from '../../runtime/line/call-answer.ts';

/** Everything the door answers is somebody's data: nothing between us and them may keep it or guess its type. */
export const answerHeaders = {
  'cache-control': 'no-store',
  'content-type': 'application/json',
  'x-content-type-options': 'nosniff',
} as const;

export interface RefusalOptions {
  readonly callId?: string;
  readonly receipt?: Receipt;
  /** Of a call: whether its tool can have had an effect. */
  readonly ran?: Ran;
  /** When the same request may succeed; `Retry-After` says so too, in whole seconds. */
  readonly retryAfterMs?: number;
  /** What exactly is wrong with the request: our own words and the caller's own input, nothing else. */
  readonly detail?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Thrown anywhere in the door to end a request with a coded answer. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused';
  readonly code: ErrorCode;
  readonly options: RefusalOptions;

  constructor(code: ErrorCode, options: RefusalOptions = {}) {
    super(options.detail ?? errorEntry(code).meaning);
    this.code = code;
    this.options = options;
  }
}

/** What the people who run the gateway get to know of a request that failed. */
export interface DoorReport {
  readonly code: ErrorCode;
  readonly message: string;
  /** Given to the client of an internal error, so that both ends can be brought together. */
  readonly id?: string;
  readonly error: unknown;
}

export function respondJson(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { ...answerHeaders, ...headers } });
}

export function viewReceipt({ event, seq }: Receipt): NonNullable<ErrorBody['error']['receipt']> {
  return { event, seq };
}

/** `reader`: whose eyes. What a model is shown names no rule, and its client is told no command it could run. */
export type Reader = 'operator' | 'model';

/** The coded answer, every word of it from the errors table but `detail`. */
export function respondRefusal(
  code: ErrorCode,
  reader: Reader,
  options: RefusalOptions & { readonly id?: string } = {},
): Response {
  const entry = errorEntry(code);
  const error: ErrorBody['error'] = {
    code,
    message: reader === 'model' ? entry.toModel : entry.meaning,
    next: reader === 'model' ? (entry.retry ? 'retry later' : 'do not retry') : entry.next,
  };
  if (options.callId !== undefined) error.callId = options.callId;
  if (options.receipt !== undefined) error.receipt = viewReceipt(options.receipt);
  if (options.ran !== undefined) error.ran = options.ran;
  if (options.retryAfterMs !== undefined) error.retryAfterMs = options.retryAfterMs;
  if (options.detail !== undefined) error.detail = options.detail;
  if (options.id !== undefined) error.id = options.id;
  const wait =
    options.retryAfterMs === undefined ? {} : { 'retry-after': `${Math.ceil(options.retryAfterMs / 1_000)}` };
  return respondJson(entry.http, { error }, { ...wait, ...options.headers });
}

/** The answer to whatever was thrown. Only what the door itself refused has words beyond the table. */
export function respondError(
  error: unknown,
  reader: Reader,
  clock: Clock,
  report: (report: DoorReport) => void,
): Response {
  // What the door refuses by itself concerns the program that calls, not the model behind it.
  if (error instanceof RequestRefused) return respondRefusal(error.code, 'operator', error.options);
  if (error instanceof Fault && error.code !== 'E_INTERNAL') {
    if (errorEntry(error.code).http >= 500) report({ code: error.code, message: error.message, error });
    return respondRefusal(error.code, reader);
  }
  const id = newId(clock, 'err');
  report({ code: 'E_INTERNAL', message: 'a request failed in a way nobody foresaw', id, error });
  return respondRefusal('E_INTERNAL', reader, { id });
}
