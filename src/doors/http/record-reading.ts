import type { RouteRequest } from './route.ts';

/**
 * Records that a person reads what runs said, before it is handed out. An agent that reads of its own run, and the host
 * application that started it, learn nothing that they did not know.
 */
export async function recordReading({ claims, runtime }: RouteRequest, what: string): Promise<void> {
  if (claims.kind === 'person') await runtime.recordRead({ tenant: claims.tenant, by: claims.sub, what });
}
