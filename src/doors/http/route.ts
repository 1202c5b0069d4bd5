import type { z } from 'zod';
import type { Clock } from '../../base/clock.ts';
import type { TokenKind } from '../../contract/tokens.ts';
import type { Signer } from '../../ports/signer.ts';
import type { PeopleDesk } from '../../runtime/people/people-desk.ts';
import type { Claims } from './authenticate.ts';
import type { RequestHead } from './head.ts';
import { type DoorReport, RequestRefused } from './refuse.ts';
import type { HttpRuntime } from './runtime.ts';

/** What every route stands on. */
export interface RouteWorld {
  readonly runtime: HttpRuntime;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly audience: string;
  readonly people: PeopleDesk | undefined;
  readonly publicOrigin: string | undefined;
  readonly report: (report: DoorReport) => void;
}

type ClaimsByKind = { readonly [K in TokenKind]: Extract<Claims, { readonly kind: K }> };

/** One authenticated request. */
export interface RouteRequest<K extends TokenKind = TokenKind> extends RouteWorld {
  readonly claims: ClaimsByKind[K];
  readonly head: RequestHead;
  /** The id in the path. */
  readonly id: string;
  readonly query: URLSearchParams;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
  /** The body, of this shape. Ends the request with a coded refusal if it is not. */
  read<S extends z.ZodType>(schema: S): Promise<z.infer<S>>;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** The kinds of token that may come here; none: whoever comes has still to say who they are. */
  readonly kinds: readonly TokenKind[];
  answer(request: RouteRequest): Promise<Response>;
}

export function route<K extends TokenKind>(
  method: Route['method'],
  path: string,
  kinds: readonly K[],
  answer: (request: RouteRequest<K>) => Promise<Response>,
): Route {
  // The kind of the claims is checked against `kinds` before `answer` is called.
  return { method, path, kinds, answer: (request) => answer(request as RouteRequest<K>) };
}

/** A value of that schema, or the request is refused naming the first place that does not fit. */
export function parseRequest<S extends z.ZodType>(schema: S, value: unknown): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const place = issue && issue.path.length > 0 ? `/${issue.path.map(String).join('/')}` : 'the request';
  const wrong = (issue?.message ?? 'not understood').replace(/^Invalid input: /, '');
  throw new RequestRefused('E_REQUEST_INVALID', {
    detail: `${place.slice(0, 200)}: ${wrong.slice(0, 200)}`.toWellFormed(),
  });
}

/**
 * `found`, unless it belongs to another tenant. A second look at what the runtime has promised already: should it ever
 * be wrong, the client still learns no more than that there is no such thing, and the operators learn everything.
 */
export function ofTenant<T>(
  world: RouteWorld,
  tenant: string,
  found: T | undefined,
  owner: (found: T) => string,
): T | undefined {
  if (found === undefined || owner(found) === tenant) return found;
  const error = new Error('the runtime handed the door something of another tenant');
  world.report({ code: 'E_INTERNAL', message: error.message, error });
  return undefined;
}
