import type { Secret } from '../../base/secret.ts';

/** Where a planner's model is served. */
export interface PlannerEndpoint {
  /** The base address, to which the dialect's own path is added. */
  readonly url: URL;
  readonly model: string;
  readonly key?: Secret;
  readonly timeoutMs: number;
}

/** An address below a base address. A query of the base is kept: some gateways want their version there. */
export function addPath(base: URL, path: string): URL {
  const url = new URL(base);
  url.pathname = `${base.pathname.replace(/\/+$/, '')}${path}`;
  return url;
}
