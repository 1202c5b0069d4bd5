/**
 * What is kept of a circuit breaker: how it stands, how many failures in a row led to that, and since when. One of which
 * nothing is kept is closed, and nothing has failed.
 */
export interface BreakerMark {
  readonly state: 'closed' | 'open' | 'half-open';
  readonly failures: number;
  readonly atMs: number;
}

export function isSameMark(a: BreakerMark | undefined, b: BreakerMark | undefined): boolean {
  return a?.state === b?.state && a?.failures === b?.failures && a?.atMs === b?.atMs;
}

/** `tool:default/mail/send`: what a breaker is kept under. */
export function printBreaker(kind: 'tool' | 'server' | 'run', tenant: string, id: string): string {
  return `${kind}:${tenant}/${id}`;
}
