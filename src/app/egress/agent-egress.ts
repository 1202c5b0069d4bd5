import { Fault } from '../../base/fault.ts';
import { tokenClaimsSchema } from '../../contract/tokens.ts';
import type { Signer } from '../../ports/signer.ts';
import type { EgressBook } from '../../runtime/egress/egress-book.ts';
import type { EgressSession } from '../../runtime/egress/egress-session.ts';
import type { RunBook } from '../../runtime/run-book.ts';

export interface AgentEgressOptions {
  readonly runs: RunBook;
  readonly book: EgressBook;
  readonly signer: Signer;
  readonly audience: string;
}

/**
 * Lets agents in by their tokens, so that a container needs no more than proxy variables. What they do is of the run the
 * token names, or of the agent's ambient run.
 */
export function authenticateAgents(
  options: AgentEgressOptions,
): (user: string, password: string) => Promise<EgressSession | undefined> {
  const { runs, book, signer, audience } = options;
  const opening = new Map<string, Promise<EgressSession>>();
  return async (_user, password) => {
    const claims = await signer.verify(password, audience).catch((error: unknown) => {
      if (error instanceof Fault && error.code === 'E_TOKEN_INVALID') return undefined;
      throw error;
    });
    const parsed = tokenClaimsSchema.safeParse(claims);
    if (!parsed.success || parsed.data.kind !== 'agent') return undefined;
    const principal = { tenant: parsed.data.tenant, agent: parsed.data.sub };
    const { run: named } = parsed.data;
    const run = named === undefined ? await runs.ambient(principal) : await runs.find(principal, named);
    if (run === undefined) return undefined;
    const known = await opening.get(run.id);
    if (known !== undefined && known.endedAs === undefined) return known;
    const opened = book.openFor({ ...principal, runId: run.id }, run).then(({ session }) => session);
    opening.set(run.id, opened);
    try {
      const session = await opened;
      session.signal.addEventListener('abort', () => opening.delete(run.id), { once: true });
      return session;
    } catch (error) {
      opening.delete(run.id);
      if (error instanceof Fault) return undefined; // isolated, or over: nobody is let in
      throw error;
    }
  };
}
