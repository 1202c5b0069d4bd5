import { type Context, Hono } from 'hono';
import type { Clock } from '../../base/clock.ts';
import type { Signer } from '../../ports/signer.ts';
import type { PeopleDesk } from '../../runtime/people/people-desk.ts';
import { showApprovalPage } from './approval-page.ts';
import { askingRoutes } from './asking-routes.ts';
import { type Claims, createAuthenticator, SCOPES } from './authenticate.ts';
import { type BodyBudget, type BodySource, readJsonBody } from './body.ts';
import { callRoutes } from './call-routes.ts';
import { createGuard } from './guard.ts';
import { pathOf, type RequestHead, readWebHead } from './head.ts';
import { isolationRoutes } from './isolation-routes.ts';
import { type HttpListener, type ListenOptions, listen } from './listen.ts';
import { createMcpMount, isMcpPath, type LoopbackAgent, type McpFetch } from './mcp-mount.ts';
import { describeResource, METADATA_PATH, originOf } from './metadata.ts';
import { metricsRoutes } from './metrics-routes.ts';
import { peopleRoutes } from './people-routes.ts';
import { personRoutes } from './person-routes.ts';
import { type DoorReport, type Reader, RequestRefused, respondError, respondJson } from './refuse.ts';
import { parseRequest, type Route, type RouteWorld } from './route.ts';
import { runRoutes } from './run-routes.ts';
import type { HttpRuntime } from './runtime.ts';
import { scanRoutes } from './scan-routes.ts';
import { selfRoutes } from './self-routes.ts';
import { signInRoutes } from './sign-in-routes.ts';
import { stepRoutes } from './step-routes.ts';
import { usageRoutes } from './usage-routes.ts';

export interface HttpDoorOptions {
  readonly runtime: HttpRuntime;
  readonly signer: Signer;
  /** Accounts, sessions and keys. Without it people come with signed tokens alone. */
  readonly people?: PeopleDesk;
  readonly clock: Clock;
  /** What tokens presented here must be for. */
  readonly audience: string;
  /** Host names, without port, that clients reach the gateway by, besides those of loopback. */
  readonly names?: readonly string[];
  /** Origins of web pages that may call, `https://console.example`, besides the gateway's own. */
  readonly origins?: readonly string[];
  /** `https://gateway.example`, where a proxy stands in front. Otherwise as each request reached us. */
  readonly publicOrigin?: string;
  /** Who issues tokens, for RFC 9728. The gateway itself unless given. */
  readonly authorizationServers?: readonly string[];
  /** Served at `/mcp` and `/mcp/:agent`. */
  readonly mcp?: McpFetch;
  /**
   * Lets programs on this machine use MCP without a token, as this agent, or as the one named in the path. A seatbelt:
   * whoever can connect can be any agent. Default false.
   */
  readonly allowUnauthenticatedLoopback?: false | LoopbackAgent;
  /** Told what the people who run the gateway should know. Never a token, never a body. */
  readonly report?: (report: DoorReport) => void;
}

export interface HttpDoor {
  /** Answers one request. Never rejects. Callers without a token on loopback are known only behind `listen`. */
  readonly fetch: (request: Request) => Promise<Response>;
  /** Answers on an address until closed. Throws a `Fault` E_LISTEN or, for TLS files, E_CONFIG. */
  listen(options: ListenOptions): Promise<HttpListener>;
}

interface Env {
  Bindings: { readonly head: RequestHead; readonly source: BodySource };
}

/** Every route of the API. */
export const routes: readonly Route[] = [
  ...runRoutes,
  ...callRoutes,
  ...scanRoutes,
  ...stepRoutes,
  ...usageRoutes,
  ...personRoutes,
  ...askingRoutes,
  ...isolationRoutes,
  ...signInRoutes,
  ...selfRoutes,
  ...peopleRoutes,
  ...metricsRoutes,
];

export function createHttpDoor(options: HttpDoorOptions): HttpDoor {
  const { runtime, signer, clock, audience, mcp } = options;
  const report = options.report ?? (() => {});
  const publicOrigin = options.publicOrigin === undefined ? {} : { publicOrigin: options.publicOrigin };
  const ownOrigins = options.publicOrigin === undefined ? [] : [options.publicOrigin];
  const guard = createGuard({
    names: [...(options.names ?? []), ...ownOrigins.map((origin) => new URL(origin).hostname)],
    origins: [...(options.origins ?? []), ...ownOrigins],
  });
  const { people } = options;
  const authenticator = createAuthenticator({
    signer,
    audience,
    report,
    ...publicOrigin,
    ...(people === undefined ? {} : { people }),
  });
  const budget: BodyBudget = { held: 0 };
  const world: RouteWorld = {
    runtime,
    signer,
    clock,
    audience,
    report,
    people,
    publicOrigin: options.publicOrigin,
  };
  const app = new Hono<Env>();

  const serve =
    (route: Route) =>
    async (context: Context<Env>): Promise<Response> => {
      const { head, source } = context.env;
      let reader: Reader = 'operator';
      try {
        const claims = await admit(route, head);
        if (claims?.kind === 'agent') reader = 'model';
        return await route.answer({
          ...world,
          claims: claims as Claims, // a route that lets nobody’s token in has none, and its type says so
          head,
          id: context.req.param('id') ?? '',
          query: new URL(context.req.url).searchParams,
          signal: context.req.raw.signal,
          read: async (schema) => parseRequest(schema, await readJsonBody(head, source, budget)),
        });
      } catch (error) {
        return respondError(error, reader, clock, report);
      }
    };
  /** Who comes to a route, if they may; undefined where nobody has to say yet. */
  async function admit(route: Route, head: RequestHead): Promise<Claims | undefined> {
    if (route.kinds.length === 0) return undefined;
    const claims = await authenticator.requireToken(head);
    authenticator.requireKind(claims, route.kinds, head);
    if (claims.kind === 'person') authenticator.requirePermission(claims, `${route.method} ${route.path}`);
    return claims;
  }

  const refuse = (code: 'E_NOT_FOUND' | 'E_METHOD' | 'E_BUSY', headers: Record<string, string> = {}): Response =>
    respondError(new RequestRefused(code, { headers }), 'operator', clock, report);

  app.get('/healthz', () => respondJson(200, { status: 'ok' }));
  app.get('/readyz', async () => ((await isReady()) ? respondJson(200, { status: 'ok' }) : refuse('E_BUSY')));
  for (const path of [METADATA_PATH, `${METADATA_PATH}/*`]) {
    app.get(path, ({ env: { head } }) => {
      const resource = pathOf(head.target).slice(METADATA_PATH.length) || '/mcp';
      if (!isMcpPath(resource)) return refuse('E_NOT_FOUND');
      const servers = options.authorizationServers ?? [];
      const body = describeResource(originOf(head, options.publicOrigin), resource, servers, Object.values(SCOPES));
      return respondJson(200, body);
    });
  }
  app.get('/approvals/:id', (context) => showApprovalPage(context.req.param('id')));
  app.all('/approvals/:id', () => refuse('E_METHOD', { allow: 'GET' }));
  for (const route of routes) app.on(route.method, route.path, serve(route));
  for (const path of new Set(routes.map((route) => route.path))) {
    const allow = routes
      .filter((route) => route.path === path)
      .map((route) => route.method)
      .join(', ');
    app.all(path, () => refuse('E_METHOD', { allow }));
  }
  app.notFound(() => refuse('E_NOT_FOUND'));
  app.onError((error) => respondError(error, 'operator', clock, report));

  async function isReady(): Promise<boolean> {
    try {
      return await runtime.isReady();
    } catch (error) {
      report({ code: 'E_BUSY', message: 'whether the gateway is ready cannot be told', error });
      return false;
    }
  }

  const mount = mcp
    ? createMcpMount({
        mcp,
        authenticator,
        budget,
        ...publicOrigin,
        allowUnauthenticatedLoopback: options.allowUnauthenticatedLoopback ?? false,
      })
    : undefined;

  /** MCP is told apart here, before the router: its calls are the hot path. */
  async function answer(head: RequestHead, request: Request, source: BodySource): Promise<Response> {
    try {
      guard(head);
      if (mount && isMcpPath(pathOf(head.target))) return await mount(head, request, source);
      return await app.fetch(request, { head, source });
    } catch (error) {
      return respondError(error, 'operator', clock, report);
    }
  }

  return {
    fetch: (request) => answer(readWebHead(request), request, request.body),
    listen: (where) => listen({ ...where, answer, clock, report }),
  };
}
