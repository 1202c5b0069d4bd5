import type { McpHandlerRequestOptions } from '@modelcontextprotocol/server';
import { errorEntry } from '../../base/errors.ts';
import type { JsonValue } from '../../base/json.ts';
import { type Authenticator, SCOPES } from './authenticate.ts';
import { type BodyBudget, readJsonBody } from './body.ts';
import { isLoopbackAddress, isLoopbackHost } from './guard.ts';
import { pathOf, type RequestHead } from './head.ts';
import { METADATA_PATH, originOf } from './metadata.ts';
import { RequestRefused, respondJson } from './refuse.ts';
import type { BodySource } from './route.ts';

/**
 * An MCP handler as the door calls it: who is calling in `authInfo` (`extra` is an `AgentCaller` and `authenticated`),
 * the body, checked, in `parsedBody`. The request's own body has been read.
 */
export type McpFetch = (request: Request, options: McpHandlerRequestOptions) => Promise<Response>;

/** Who is calling where nobody has to say: a seatbelt, for an agent on the same machine and user. */
export interface LoopbackAgent {
  readonly tenant: string;
  readonly agent: string;
}

export interface McpMountOptions {
  readonly mcp: McpFetch;
  readonly authenticator: Authenticator;
  readonly budget: BodyBudget;
  readonly publicOrigin?: string;
  /** False: everybody shows a token. */
  readonly allowUnauthenticatedLoopback: false | LoopbackAgent;
}

export type McpMount = (head: RequestHead, request: Request, source: BodySource) => Promise<Response>;

const AGENT_PATH = /^\/mcp(?:\/([A-Za-z0-9][A-Za-z0-9._-]{0,127}))?$/;
const METHODS = ['POST', 'GET', 'DELETE'];
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'];
const PARSE_ERROR = -32_700;
const INVALID_REQUEST = -32_600;

export function isMcpPath(path: string): boolean {
  return path === '/mcp' || path.startsWith('/mcp/');
}

/** Puts authentication, and the bounds on a body, in front of an MCP handler. Throws `RequestRefused`. */
export function createMcpMount(options: McpMountOptions): McpMount {
  const { authenticator } = options;

  async function identify(
    head: RequestHead,
    named: string | undefined,
  ): Promise<McpHandlerRequestOptions['authInfo'] & object> {
    const loopback = options.allowUnauthenticatedLoopback;
    if (loopback && isUnproxiedLoopback(head)) {
      const agent = named ?? loopback.agent;
      return describeCaller(agent, { tenant: loopback.tenant, agent, authenticated: false });
    }
    const claims = await authenticator.requireToken(head);
    authenticator.requireKind(claims, ['agent'], head);
    if (claims.kind !== 'agent') throw new RequestRefused('E_ROLE_MISSING');
    if (named !== undefined && named !== claims.sub) {
      throw new RequestRefused('E_ROLE_MISSING', { detail: 'the token is another agent’s' });
    }
    const run = claims.run === undefined ? {} : { runId: claims.run };
    return {
      ...describeCaller(claims.sub, { tenant: claims.tenant, agent: claims.sub, ...run, authenticated: true }),
      expiresAt: claims.exp,
      resourceMetadataUrl: `${originOf(head, options.publicOrigin)}${METADATA_PATH}/mcp`,
    };
  }

  return async (head, request, source) => {
    const path = AGENT_PATH.exec(pathOf(head.target));
    if (!path) throw new RequestRefused('E_NOT_FOUND');
    if (!METHODS.includes(head.method))
      throw new RequestRefused('E_METHOD', { headers: { allow: METHODS.join(', ') } });
    const authInfo = await identify(head, path[1]);
    if (head.method !== 'POST') return options.mcp(request, { authInfo });
    let parsedBody: JsonValue;
    try {
      parsedBody = await readJsonBody(head, source, options.budget);
    } catch (error) {
      if (error instanceof RequestRefused && error.code !== 'E_MEDIA_TYPE') return respondInProtocol(error);
      throw error;
    }
    return options.mcp(request, { authInfo, parsedBody });
  };
}

function describeCaller(agent: string, extra: Record<string, unknown>) {
  // The token stays here: what has no token cannot pass it to a server behind.
  return { token: '', clientId: agent, scopes: [SCOPES.agent], extra };
}

/** Whether the other end is a program on this machine that came directly and showed no credentials. */
function isUnproxiedLoopback(head: RequestHead): boolean {
  return (
    head.header('authorization') === undefined &&
    isLoopbackAddress(head.remoteAddress) &&
    isLoopbackHost(head.header('host')) &&
    FORWARDED.every((name) => head.header(name) === undefined)
  );
}

/** MCP clients expect a body they cannot have parsed to be refused in JSON-RPC. */
function respondInProtocol(refused: RequestRefused): Response {
  const entry = errorEntry(refused.code);
  const { detail } = refused.options;
  const code = refused.code === 'E_REQUEST_INVALID' ? PARSE_ERROR : INVALID_REQUEST;
  const data = { code: refused.code, next: entry.next, ...(detail !== undefined && { detail }) };
  return respondJson(
    entry.http,
    { jsonrpc: '2.0', id: null, error: { code, message: entry.meaning, data } },
    refused.options.headers,
  );
}
