import type { JsonObject } from '../../src/base/json.ts';
import type { Intent } from '../../src/model/intent.ts';
import type { PromptPart } from '../../src/model/prompt.ts';
import type { Tool } from '../../src/model/tool.ts';
import { call } from '../../src/runtime/call.ts';
import type { CallAnswer } from '../../src/runtime/line/call-answer.ts';
import { tools } from '../laws/flow-world.ts';
import { type LawWorld, lawCatalog, openLawWorld } from '../laws/law-world.ts';

/** The tools of the flow world as one server of a real line, with nothing declared of them but what is secret. */
export const lineTools: readonly Tool[] = [...tools.values()].map(({ tool }) => ({ ...tool, server: 'law' }));
export const lineCatalog = lawCatalog({
  tools: lineTools,
  manifest: { version: 1, tools: { 'law/list_passwords': { yields: { secrecy: 'secret' } } } },
});

export interface LineRun {
  readonly law: LawWorld;
  readonly runId: string;
  /** What ran, in order. */
  readonly effects: readonly Intent[];
  /** Calls a tool by its bare name; `result` is what it answers, if it is let run. */
  call(tool: string, args: JsonObject, result?: unknown, approvalId?: string): Promise<CallAnswer>;
}

/** Worlds on one store must not give out the same ids. */
let worlds = 0;

/** One run on a real line, with a store in memory. */
export async function openLineRun(
  prompt: string | readonly PromptPart[],
  options: { readonly catalog?: typeof lineCatalog; readonly user?: JsonObject; readonly law?: LawWorld } = {},
): Promise<LineRun> {
  const effects: Intent[] = [];
  let answer: unknown = 'ok';
  const law = await openLawWorld({
    catalog: options.catalog ?? lineCatalog,
    call: async (intent) => {
      effects.push(intent);
      const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
      return { ok: true, result: { content: [{ type: 'text', text }] } };
    },
    seed: ++worlds,
    ...(options.law === undefined ? {} : { truth: options.law.truth }),
  });
  const principal = {
    tenant: 'default',
    agent: 'worker',
    ...(options.user === undefined
      ? {}
      : { onBehalfOf: { id: 'ann', groups: [], attributes: options.user as Record<string, string> } }),
  };
  const parts = typeof prompt === 'string' ? [{ kind: 'user' as const, text: prompt }] : prompt;
  const run = await law.world.runs.start({ principal, task: 'law', prompt: parts, attested: true });
  return {
    law,
    runId: run.id,
    effects,
    call(tool, args, result = 'ok', approvalId) {
      answer = result;
      const id = approvalId === undefined ? {} : { approvalId };
      return call(law.world, { principal, runId: run.id, tool: `law/${tool}`, arguments: args, ...id });
    },
  };
}

export function verdictOf(answer: CallAnswer): 'permit' | 'ask' | 'deny' {
  if (answer.kind === 'result') return 'permit';
  return answer.code === 'E_APPROVAL_PENDING' ? 'ask' : 'deny';
}
