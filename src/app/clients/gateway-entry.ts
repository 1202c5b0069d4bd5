import type { JsonObject } from '../../base/json.ts';
import type { ClientKind } from './client.ts';

/** The name under which clients know the gateway. */
export const GATEWAY_NAME = 'chaperone';

/** How a client is to reach the gateway: by starting it, or at an address with a token from a variable. */
export type Gateway =
  | { readonly kind: 'stdio'; readonly command: string; readonly args: readonly string[] }
  | {
      readonly kind: 'http';
      readonly url: string /** The environment variable that holds the agent's token. */;
      readonly tokenVariable: string;
    };

/**
 * The gateway's entry in a client's file, in the client's own words. `variables` are handed on to a gateway that is
 * started by a client which passes on only what it is told to.
 * Claude Desktop's file has no addresses, so it takes a gateway of kind `stdio` only; undefined otherwise.
 */
export function printGateway(kind: ClientKind, gateway: Gateway, variables: readonly string[]): JsonObject | undefined {
  if (gateway.kind === 'stdio') {
    const { command, args } = gateway;
    if (kind === 'codex') return { command, args, ...(variables.length === 0 ? {} : { env_vars: variables }) };
    return kind === 'vscode' ? { type: 'stdio', command, args } : { command, args };
  }
  const { url, tokenVariable } = gateway;
  switch (kind) {
    case 'claude-code':
      return { type: 'http', url, headers: { Authorization: `Bearer \${${tokenVariable}}` } };
    case 'cursor':
      return { url, headers: { Authorization: `Bearer \${env:${tokenVariable}}` } };
    case 'vscode':
      return { type: 'http', url, headers: { Authorization: `Bearer \${env:${tokenVariable}}` } };
    case 'codex':
      return { url, bearer_token_env_var: tokenVariable };
    case 'claude-desktop':
      return undefined;
  }
}

/** Whether an entry is one that `printGateway` made, now or earlier: it is replaced, never moved behind itself. */
export function isGateway(name: string, entry: JsonObject): boolean {
  if (name !== GATEWAY_NAME) return false;
  const args = Array.isArray(entry['args']) ? entry['args'] : [];
  if (args.includes('mcp') && args.includes('--stdio')) return true;
  const url = typeof entry['url'] === 'string' ? entry['url'] : '';
  return /^https?:\/\/[^/]+\/mcp(\/|$)/.test(url);
}
