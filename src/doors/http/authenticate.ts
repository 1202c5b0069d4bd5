import { Fault } from '../../base/fault.ts';
import { type TokenClaims, type TokenKind, tokenClaimsSchema } from '../../contract/tokens.ts';
import { mayDo } from '../../model/person.ts';
import type { Signer } from '../../ports/signer.ts';
import { callerOfKey, callerOfToken } from '../../runtime/people/keys.ts';
import type { PeopleDesk } from '../../runtime/people/people-desk.ts';
import type { PersonCaller } from '../../runtime/people/people-world.ts';
import { KEY_PREFIX, SESSION_PREFIX } from '../../runtime/people/secret-token.ts';
import { callerOfSession, requireFresh } from '../../runtime/people/sessions.ts';
import { readSessionCookie, requireOwnPage } from './cookies.ts';
import type { RequestHead } from './head.ts';
import { originOf } from './metadata.ts';
import { routeRules } from './permissions-of-routes.ts';
import { type DoorReport, RequestRefused } from './refuse.ts';

const BEARER = /^bearer +([A-Za-z0-9._~+/=-]+) *$/i;

type PersonToken = Extract<TokenClaims, { readonly kind: 'person' }>;

/** A person, whatever they came with: a session, a key or a signed token. */
export interface PersonClaims extends Omit<PersonCaller, 'person'> {
  readonly kind: 'person';
  readonly sub: string;
}
/** Who is calling. */
export type Claims = Exclude<TokenClaims, PersonToken> | PersonClaims;

/** The scope each kind of token has, in OAuth's words. */
export const SCOPES: Readonly<Record<TokenKind, string>> = {
  agent: 'tools:call',
  host: 'runs:manage',
  person: 'approvals:answer',
};

export interface AuthenticatorOptions {
  readonly signer: Signer;
  /** Without it people come with signed tokens alone, and those may do what an approver may. */
  readonly people?: PeopleDesk;
  readonly audience: string;
  readonly publicOrigin?: string;
  readonly report: (report: DoorReport) => void;
}

export interface Authenticator {
  /** Who the bearer token, the key or the session cookie is of. Ends the request with 401 if there is none or it is not good. */
  requireToken(head: RequestHead): Promise<Claims>;
  /** Ends the request with 403 unless the token is of one of these kinds. */
  requireKind(claims: Claims, kinds: readonly TokenKind[], head: RequestHead): void;
  /** Ends the request with 403 unless a person may use this route. */
  requirePermission(claims: PersonClaims, route: string): void;
}

/** Who is calling. Which token is wrong in which way is for the operators' eyes; the caller gets the code. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { signer, audience, report, people } = options;
  // Signers hand out the same frozen claims for a token they remember; they need to be parsed once.
  const parsed = new WeakMap<object, TokenClaims>();

  const challenge = (head: RequestHead, error?: string, scope?: string): Record<string, string> => {
    const parts = [`Bearer realm="chaperone"`];
    if (error !== undefined) parts.push(`error="${error}"`);
    if (scope !== undefined) parts.push(`scope="${scope}"`);
    parts.push(`resource_metadata="${originOf(head, options.publicOrigin)}/.well-known/oauth-protected-resource/mcp"`);
    return { 'www-authenticate': parts.join(', ') };
  };

  /** Which of them is wrong in which way is for the operators; the caller gets the code. */
  async function judge<Answer>(head: RequestHead, look: () => Promise<Answer>): Promise<Answer> {
    try {
      return await look();
    } catch (error) {
      if (!(error instanceof Fault) || (error.code !== 'E_TOKEN_INVALID' && error.code !== 'E_SESSION_ENDED'))
        throw error;
      report({ code: error.code, message: error.message, error });
      throw new RequestRefused(error.code, { headers: challenge(head, 'invalid_token') });
    }
  }

  const toClaims = ({ person, ...caller }: PersonCaller): PersonClaims => ({ kind: 'person', sub: person, ...caller });

  /** A person of this gateway’s tenant: another one’s session or key is worth nothing here. */
  async function identify(head: RequestHead, look: (desk: PeopleDesk) => Promise<PersonCaller>): Promise<PersonClaims> {
    return judge(head, async () => {
      if (people === undefined) throw new Fault('E_TOKEN_INVALID', 'nobody signs in here');
      const caller = await look(people);
      if (caller.tenant !== people.tenant) throw new Fault('E_TOKEN_INVALID', 'it is another tenant’s');
      return toClaims(caller);
    });
  }

  /** What a signed token of a person is worth now is for the accounts to say, never for the token. */
  async function toPerson(head: RequestHead, { sub, tenant }: PersonToken): Promise<PersonClaims> {
    // Whose tenant it is, the signature says: the key that made it is this gateway’s own.
    if (people !== undefined) return judge(head, async () => toClaims(await callerOfToken(people, tenant, sub)));
    return { kind: 'person', sub, tenant, roles: ['approver'], groups: [], presence: 'token' };
  }

  return {
    async requireToken(head) {
      const header = head.header('authorization');
      const token = header === undefined ? undefined : BEARER.exec(header)?.[1];
      if (header === undefined && people !== undefined) {
        const cookie = readSessionCookie(head);
        if (cookie !== undefined) {
          requireOwnPage(head, cookie);
          return identify(head, (desk) => callerOfSession(desk, cookie));
        }
      }
      if (token === undefined) throw new RequestRefused('E_AUTH_REQUIRED', { headers: challenge(head) });
      if (token.startsWith(SESSION_PREFIX)) return identify(head, (desk) => callerOfSession(desk, token));
      if (token.startsWith(KEY_PREFIX)) return identify(head, (desk) => callerOfKey(desk, token));
      const claims = await judge(head, () => signer.verify(token, audience));
      const known = parsed.get(claims);
      if (known) return known.kind === 'person' ? toPerson(head, known) : known;
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
      return result.data.kind === 'person' ? toPerson(head, result.data) : result.data;
    },
    requirePermission(claims, route) {
      const rule = Object.hasOwn(routeRules, route) ? routeRules[route] : undefined;
      if (rule === undefined || !mayDo(claims.roles, rule.permission)) throw new RequestRefused('E_ROLE_MISSING');
      if (rule.fresh && people !== undefined) requireFresh(people, { ...claims, person: claims.sub });
    },
    requireKind(claims, kinds, head) {
      if (kinds.includes(claims.kind)) return;
      const scope = kinds.map((kind) => SCOPES[kind]).join(' ');
      throw new RequestRefused('E_ROLE_MISSING', { headers: challenge(head, 'insufficient_scope', scope) });
    },
  };
}
