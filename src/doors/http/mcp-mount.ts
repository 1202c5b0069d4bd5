import type { AuthInfo, McpHandlerRequestOptions } from '@modelcontextprotocol/server';
import { errorEntry } from '../../base/errors.ts';
import type { JsonValue } from '../../base/json.ts';
import { type Authenticator, SCOPES } from './authenticate.ts';
import { type BodyBudget, type BodySource, parseJson, readBytes } from './body.ts';
import { isLoopbackAddress, isLoopbackHost } from './guard.ts';
import { pathOf, type RequestHead } from './head.ts';
import { METADATA_PATH, originOf } from './metadata.ts';
import { RequestRefused, respondJson } from './refuse.ts';
import type { AgentCaller } from './runtime.ts';

export interface McpFetchOptions extends McpHandlerRequestOptions {
  /** Who is calling; `authInfo.extra` holds the same. Not authenticated only where the loopback seatbelt let it pass. */
  readonly caller: AgentCaller & { readonly authenticated: boolean };
}

/**
 * An MCP handler as the door calls it. `parsedBody` is the body, checked; a handler that would rather read the request
 * finds the same bytes there once more.
 */
export type McpFetch = (request: Request, options: McpFetchOptions) => Promise<Response>;

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

  async function identify(head: RequestHead, named: string | undefined): Promise<McpFetchOptions> {
    const loopback = options.allowUnauthenticatedLoopback;
    if (loopback && isUnproxiedLoopback(head)) {
      return describeCaller({ tenant: loopback.tenant, agent: named ?? loopback.agent, authenticated: false });
    }
    const claims = await authenticator.requireToken(head);
    authenticator.requireKind(claims, ['agent'], head);
    if (claims.kind !== 'agent') throw new RequestRefused('E_ROLE_MISSING');
    if (named !== undefined && named !== claims.sub) {
      throw new RequestRefused('E_ROLE_MISSING', { detail: 'the token is another agent’s' });
    }
    const run = claims.run === undefined ? {} : { runId: claims.run };
    return describeCaller(
      { tenant: claims.tenant, agent: claims.sub, ...run, authenticated: true },
      {
        expiresAt: claims.exp,
        resourceMetadataUrl: `${originOf(head, options.publicOrigin)}${METADATA_PATH}/mcp`,
      },
    );
  }

  return async (head, request, source) => {
    const path = AGENT_PATH.exec(pathOf(head.target));
    if (!path) throw new RequestRefused('E_NOT_FOUND');
    if (!METHODS.includes(head.method)) {
      throw new RequestRefused('E_METHOD', { headers: { allow: METHODS.join(', ') } });
    }
    const identified = await identify(head, path[1]);
    if (head.method !== 'POST') return options.mcp(request, identified);
    let bytes: Buffer;
    let parsedBody: JsonValue;
    try {
      bytes = await readBytes(head, source, options.budget);
      parsedBody = parseJson(bytes);
    } catch (error) {
      if (error instanceof RequestRefused && error.code !== 'E_MEDIA_TYPE') return respondInProtocol(error);
      throw error;
    }
    return options.mcp(putBack(request, source, bytes), { ...identified, parsedBody });
  };
}

function describeCaller(caller: McpFetchOptions['caller'], more: Partial<AuthInfo> = {}): McpFetchOptions {
  // The token stays here: what has no token cannot pass it to a server behind.
  const authInfo = { token: '', clientId: caller.agent, scopes: [SCOPES.agent], extra: { ...caller }, ...more };
  return { authInfo, caller };
}

/** The request with its body to be read again. Behind a socket, `rawBody` is where its `Request` looks first. */
function putBack(request: Request, source: BodySource, bytes: Buffer): Request {
  if (source === null || !('rawHeaders' in source)) return new Request(request, { body: new Uint8Array(bytes) });
  Object.assign(source, { rawBody: bytes });
  return request;
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
