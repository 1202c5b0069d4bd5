import { createMcpDoor, type McpDoor } from '../../src/doors/mcp/create-mcp-door.ts';
import type { McpGate } from '../../src/doors/mcp/gate.ts';
import type { McpUpstream } from '../../src/ports/mcp-upstream.ts';
import { call } from '../../src/runtime/call.ts';
import { passAnswer } from '../../src/runtime/pass-answer.ts';
import type { LawWorld } from '../laws/law-world.ts';

export interface AttackDoor extends AsyncDisposable {
  readonly door: McpDoor;
  /** One modern request with the credentials of a run, and the JSON-RPC message that answers it. */
  ask(runId: string, method: string, params: object): Promise<JsonRpc>;
  /** One request of the session era: without a session it opens one. */
  askLegacy(runId: string, session: string | null, method: string, params: object): Promise<LegacyAnswer>;
}

export interface JsonRpc {
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

export interface LegacyAnswer {
  readonly status: number;
  readonly session: string | null;
  readonly message: JsonRpc;
}

export const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': { elicitation: {}, sampling: {}, roots: {} },
};

/** The real MCP door before the real line of a law world. Credentials are the id of a run of agent `a`. */
export function openAttackDoor({ world }: LawWorld, upstreams: readonly McpUpstream[] = []): AttackDoor {
  const listed = world
    .catalog()
    .list('a')
    .map((entry) => entry.shownTo('a'));
  const gate: McpGate = {
    admit: async (credentials) => ({
      principal: { tenant: 'default', agent: 'a' },
      runId: String((credentials as { runId?: unknown }).runId),
    }),
    listTools: async () => listed,
    call: (request) => call(world, request),
    permitQuestion: async () => true,
    passAnswer: async (answer) => (await passAnswer(world, answer)) === undefined,
    isConfined: () => false,
    linkTo: () => undefined,
    holdMs: () => 0,
    waitForAnswer: async () => false,
    onToolsChanged: () => () => {},
  };
  const door = createMcpDoor({ gate, clock: world.clock, upstreams });
  return {
    door,
    async ask(runId, method, params) {
      const { name, uri } = params as { name?: string; uri?: string };
      const named = name ?? uri;
      const headers = {
        host: 'localhost',
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': method,
        ...(named === undefined ? {} : { 'mcp-name': named }),
      };
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: META } });
      const request = new Request('http://localhost/mcp', { method: 'POST', headers, body });
      const response = await door.fetch(request, { runId });
      return (await response.json()) as JsonRpc;
    },
    async askLegacy(runId, session, method, params) {
      const headers = {
        host: 'localhost',
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...(session === null ? {} : { 'mcp-session-id': session }),
      };
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
      const request = new Request('http://localhost/mcp', { method: 'POST', headers, body });
      const response = await door.fetch(request, { runId });
      const message = (await response.json()) as JsonRpc;
      return { status: response.status, session: response.headers.get('mcp-session-id'), message };
    },
    [Symbol.asyncDispose]: () => door.close(),
  };
}
