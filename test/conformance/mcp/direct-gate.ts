import { newId, systemClock } from '../../../src/base/clock.ts';
import { digestJson } from '../../../src/base/digest.ts';
import { errorEntry } from '../../../src/base/errors.ts';
import { isJsonObject } from '../../../src/base/json.ts';
import { limits } from '../../../src/base/limits.ts';
import type { McpGate } from '../../../src/doors/mcp/gate.ts';
import { Intent } from '../../../src/model/intent.ts';
import { pinTool, type Tool, toolName } from '../../../src/model/tool.ts';
import { printChildTrace } from '../../../src/model/trace.ts';
import type { ToolSource } from '../../../src/ports/tool-source.ts';

/** A gate that lets everything through and records nothing: what is under test is the door and the adapter alone. */
export async function openDirectGate(sources: readonly ToolSource[]): Promise<McpGate> {
  let tools: readonly Tool[] = [];
  const listeners = new Set<() => void>();
  const reload = async () => {
    tools = (await Promise.all(sources.map((source) => source.list()))).flat();
    for (const listener of listeners) listener();
  };
  await reload();
  for (const source of sources) source.onListChanged(() => void reload());
  return {
    admit: async (credentials) => ({
      principal: { tenant: 'default', agent: typeof credentials === 'string' ? credentials : 'tester' },
      runId: 'run_test',
    }),
    listTools: async () => tools,
    permitQuestion: async () => true,
    passAnswer: async () => true,
    isConfined: () => false,
    linkTo: () => undefined,
    holdMs: () => 0,
    waitForAnswer: async () => false,
    onToolsChanged: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async call(request) {
      const callId = newId(systemClock, 'call');
      const tool = tools.find((each) => toolName(each) === request.tool);
      const source = sources.find(({ server }) => server === tool?.server);
      const refused = (code: 'E_TOOL_UNKNOWN' | 'E_ARGUMENTS_INVALID') =>
        ({ kind: 'refused', callId, code, reasons: [], toModel: errorEntry(code).toModel, ran: 'no' }) as const;
      if (!tool || !source) return refused('E_TOOL_UNKNOWN');
      if (!isJsonObject(request.arguments)) return refused('E_ARGUMENTS_INVALID');
      const call = {
        id: callId,
        runId: request.runId,
        tool: toolName(tool),
        arguments: request.arguments,
        digest: digestJson(request.arguments),
      };
      const governed = {
        tool,
        name: call.tool,
        pin: pinTool(tool),
        effect: 'read',
        consequence: 'low',
        declared: true,
        sinks: [],
      } as const;
      const { signal = new AbortController().signal, onProgress, trace, input, carrier } = request;
      const execution = await source.call(new Intent(1, call, governed, limits.callTimeoutMs), {
        signal,
        carrier,
        ...(onProgress === undefined ? {} : { onProgress }),
        ...(trace === undefined ? {} : { meta: { traceparent: printChildTrace(trace, callId) } }),
        ...(input === undefined ? {} : { input }),
      });
      if (execution.ok) return { kind: 'result', callId, result: execution.result, redactions: [] };
      const { code, ran, protocolError } = execution;
      const { toModel } = errorEntry(code);
      return { kind: 'refused', callId, code, reasons: [], toModel, ran, ...(protocolError ? { protocolError } : {}) };
    },
  };
}
