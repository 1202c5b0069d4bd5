import { Fault } from '../../base/fault.ts';
import { type TokenClaims, type TokenKind, tokenClaimsSchema } from '../../contract/tokens.ts';
import type { Signer } from '../../ports/signer.ts';
import type { RequestHead } from './head.ts';
import { originOf } from './metadata.ts';
import { type DoorReport, RequestRefused } from './refuse.ts';

const BEARER = /^bearer +([A-Za-z0-9._~+/=-]+) *$/i;

/** The scope each kind of token has, in OAuth's words. */
export const SCOPES: Readonly<Record<TokenKind, string>> = {
  agent: 'tools:call',
  host: 'runs:manage',
  person: 'approvals:answer',
};

export interface AuthenticatorOptions {
  readonly signer: Signer;
  readonly audience: string;
  readonly publicOrigin?: string;
  readonly report: (report: DoorReport) => void;
}

export interface Authenticator {
  /** The claims of the bearer token. Ends the request with 401 if there is none or it is not good. */
  requireToken(head: RequestHead): Promise<TokenClaims>;
  /** Ends the request with 403 unless the token is of one of these kinds. */
  requireKind(claims: TokenClaims, kinds: readonly TokenKind[], head: RequestHead): void;
}

/** Who is calling. Which token is wrong in which way is for the operators' eyes; the caller gets the code. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { signer, audience, report } = options;
  // Signers hand out the same frozen claims for a token they remember; they need to be parsed once.
  const parsed = new WeakMap<object, TokenClaims>();

  const challenge = (head: RequestHead, error?: string, scope?: string): Record<string, string> => {
    const parts = [`Bearer realm="chaperone"`];
    if (error !== undefined) parts.push(`error="${error}"`);
    if (scope !== undefined) parts.push(`scope="${scope}"`);
    parts.push(`resource_metadata="${originOf(head, options.publicOrigin)}/.well-known/oauth-protected-resource/mcp"`);
    return { 'www-authenticate': parts.join(', ') };
  };

  return {
    async requireToken(head) {
      const header = head.header('authorization');
      const token = header === undefined ? undefined : BEARER.exec(header)?.[1];
      if (token === undefined) throw new RequestRefused('E_AUTH_REQUIRED', { headers: challenge(head) });
      let claims: object;
      try {
        claims = await signer.verify(token, audience);
      } catch (error) {
        if (!(error instanceof Fault) || error.code !== 'E_TOKEN_INVALID') throw error;
        report({ code: error.code, message: error.message, error });
        throw new RequestRefused('E_TOKEN_INVALID', { headers: challenge(head, 'invalid_token') });
      }
      const known = parsed.get(claims);
      if (known) return known;
      const result = tokenClaimsSchema.safeParse(claims);
      if (!result.success) {
        report({
          code: 'E_TOKEN_INVALID',
          message: 'a token of ours is of no kind the door knows',
          error: result.error,
        });
        throw new RequestRefused('E_TOKEN_INVALID', { headers: challenge(head, 'invalid_token') });
      }
      parsed.set(claims, result.data);
      return result.data;
    },
    requireKind(claims, kinds, head) {
      if (kinds.includes(claims.kind)) return;
      const scope = kinds.map((kind) => SCOPES[kind]).join(' ');
      throw new RequestRefused('E_ROLE_MISSING', { headers: challenge(head, 'insufficient_scope', scope) });
    },
  };
}
