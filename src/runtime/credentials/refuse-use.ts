import type { CredentialConfig } from '../../model/credential.ts';
import type { EgressSubject } from '../../model/egress.ts';

/** Where a credential may be put in, and for whom. */
export type CredentialUse = Pick<CredentialConfig, 'hosts' | 'plain'> &
  Partial<Pick<CredentialConfig, 'agents' | 'tools' | 'headers'>>;

/** What a credential is to be put into. */
export interface CredentialPlace {
  readonly host: string;
  readonly tls: boolean;
  /** Names of the headers. */
  readonly headers: readonly string[];
}

/** Why a credential is not for a request of this client to this host; undefined where it is. */
export function refuseUse(
  { hosts, plain, agents, tools, headers = ['Authorization'] }: CredentialUse,
  { agent, tool }: EgressSubject,
  to: CredentialPlace,
): string | undefined {
  const isMeant = hosts.some((host) =>
    host.startsWith('*.') ? to.host.endsWith(host.slice(1).toLowerCase()) : to.host === host.toLowerCase(),
  );
  if (!isMeant) return 'is not for this host';
  if (!to.tls && !plain) return 'is not sent without TLS';
  const isNamed = (name: string) => headers.some((one) => one.toLowerCase() === name.toLowerCase());
  if (!to.headers.every(isNamed)) return 'is not for this header';
  if (agents !== undefined && (agent === undefined || !agents.includes(agent))) return 'is not for this agent';
  const fits = (pattern: string) =>
    tool !== undefined && (pattern.endsWith('/*') ? tool.startsWith(pattern.slice(0, -1)) : pattern === tool);
  return tools === undefined || tools.some(fits) ? undefined : 'is not for this tool';
}
