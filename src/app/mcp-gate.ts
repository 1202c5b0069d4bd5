import { Fault } from '../base/fault.ts';
import { isJsonObject } from '../base/json.ts';
import type { McpCaller, McpGate } from '../doors/mcp/gate.ts';
import type { Tool } from '../model/tool.ts';
import { readObligations } from '../policy/obligations.ts';
import { waitForAnswer } from '../runtime/approving/wait-for-answer.ts';
import type { Catalog } from '../runtime/catalog.ts';
import { passAnswer } from '../runtime/pass-answer.ts';
import type { Gateway } from './gateway.ts';

/** The gateway as the MCP door wants it. Credentials are what a listener of ours made of a verified token. */
export function createMcpGate(gateway: Gateway): McpGate {
  const shown = new WeakMap<Catalog, Map<string, readonly Tool[]>>();
  const confined = new WeakMap<Catalog, Map<string, ReadonlySet<string>>>();

  const listFor = (agent: string): readonly Tool[] => {
    const { catalog } = gateway;
    const byAgent = shown.get(catalog) ?? new Map<string, readonly Tool[]>();
    shown.set(catalog, byAgent);
    const known = byAgent.get(agent);
    if (known !== undefined) return known;
    const tools = catalog.list(agent).map((entry) => entry.shownTo(agent));
    byAgent.set(agent, tools);
    return tools;
  };

  const confinedFor = (agent: string): ReadonlySet<string> => {
    const { catalog, loaded } = gateway;
    const byAgent = confined.get(catalog) ?? new Map<string, ReadonlySet<string>>();
    confined.set(catalog, byAgent);
    const known = byAgent.get(agent);
    if (known !== undefined) return known;
    const dutiesOf = readObligations(loaded.manifest, loaded.place);
    const held = [...catalog.tools.values()].filter(({ governed }) =>
      dutiesOf(agent, governed).some((duty) => duty.kind === 'fields'),
    );
    const servers = new Set(held.map(({ governed }) => governed.tool.server));
    byAgent.set(agent, servers);
    return servers;
  };

  return {
    async admit(credentials): Promise<McpCaller> {
      const { tenant, agent, runId } = readCaller(credentials);
      const principal = { tenant, agent };
      const { runs } = gateway.world;
      const run = runId === undefined ? await runs.ambient(principal) : await runs.find(principal, runId);
      if (run === undefined) throw new Fault('E_RUN_UNKNOWN', 'the token is bound to a run that has ended');
      return { principal: run.principal, runId: run.id };
    },
    listTools: async ({ principal }) => listFor(principal.agent),
    call: (request) => gateway.call(request),
    // A server may ask the client of an agent that is shown at least one of its tools, and nobody else's.
    permitQuestion: async ({ principal }, { server }) =>
      listFor(principal.agent).some((tool) => tool.server === server),
    passAnswer: async (answer) => (await passAnswer(gateway.world, answer)) === undefined,
    isConfined: ({ principal }, server) => confinedFor(principal.agent).has(server),
    linkTo: (approvalId) => gateway.notifying.linkTo(approvalId),
    holdMs: () => gateway.loaded.manifest.approvals.hold,
    async waitForAnswer({ principal, runId }, approvalId, forMs, signal) {
      try {
        const asked = { tenant: principal.tenant, runId, approvalId };
        return (await waitForAnswer(gateway.world, asked, { forMs, signal })).state !== 'pending';
      } catch {
        return false; // the call is refused as it was, and can be made again
      }
    },
    onToolsChanged: (listener) => gateway.onCatalogChanged(listener),
  };
}

function readCaller(credentials: unknown): { tenant: string; agent: string; runId: string | undefined } {
  if (isJsonObject(credentials)) {
    const { tenant, agent, runId } = credentials;
    if (typeof tenant === 'string' && typeof agent === 'string' && (runId === undefined || typeof runId === 'string')) {
      return { tenant, agent, runId };
    }
  }
  throw new Fault('E_AUTH_REQUIRED', 'the caller is not authenticated');
}
