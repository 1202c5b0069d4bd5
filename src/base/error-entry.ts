/**
 * One row of the errors table.
 *
 * - `refusal`: the call was understood and denied. `fault`: something did not work; the call is denied all the same.
 * - `exit`: the command line's exit code. `http`: the status at the HTTP door.
 * - `retry`: whether the same request can succeed later without anything being changed by a person.
 * - `toModel`: the only text a model is shown. It names no rule and no internals.
 */
export interface ErrorEntry {
  readonly kind: 'refusal' | 'fault';
  readonly exit: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;
  readonly http: number;
  readonly retry: boolean;
  readonly meaning: string;
  readonly next: string;
  readonly toModel: string;
}

export const refusal = (
  meaning: string,
  next: string,
  toModel: string,
  over: Partial<ErrorEntry> = {},
): ErrorEntry => ({
  kind: 'refusal',
  exit: 3,
  http: 403,
  retry: false,
  meaning,
  next,
  toModel,
  ...over,
});
export const fault = (meaning: string, next: string, over: Partial<ErrorEntry> = {}): ErrorEntry => ({
  kind: 'fault',
  exit: 1,
  http: 500,
  retry: false,
  meaning,
  next,
  toModel: 'This tool is not available right now. Retrying will not help.',
  ...over,
});

export const NOT_ALLOWED = 'This call is not allowed. Retrying it will not help.';
export const BAD_ARGUMENTS = 'The arguments were not accepted. Check them against the tool’s schema.';
export const TRY_LATER = 'This tool is not available right now. The same call may work later.';
