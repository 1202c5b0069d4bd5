import { openSqliteStore } from '../../src/adapters/stores/sqlite/open-sqlite-store.ts';
import type { Principal } from '../../src/model/principal.ts';
import { call } from '../../src/runtime/call.ts';
import type { CallAnswer } from '../../src/runtime/line/call-answer.ts';
import { type LawWorld, lawCatalog, lawTool, openLawWorld } from './law-world.ts';

/** What the processes that share a store agree on, and what each of them does. */

/** More than one process gets done before it lets the other have its turn. */
export const BUDGET = 600;
const permits = { tools: { 'law/one': {}, 'law/two': {}, 'law/pay': { approval: 'required' } } };

export const atOnceCatalog = () =>
  lawCatalog({
    tools: [lawTool('one', {}), lawTool('two', {}), lawTool('pay', { amount: { type: 'integer' } })],
    manifest: {
      version: 1,
      tools: Object.fromEntries(
        ['law/one', 'law/two', 'law/pay'].map((name) => [name, { effect: 'write', consequence: 'low' }]),
      ),
      // Workers are refused on purpose, again and again.
      breakers: { tool: { failures: 'off' }, server: { failures: 'off' }, run: { failures: 'off' } },
      agents: { a: permits, b: permits, thrifty: { ...permits, budget: { calls: BUDGET } } },
    },
  });

export const agent = (name: string): Principal => ({ tenant: 'default', agent: name });

/** What the workers of one process are told to do. */
export type Work =
  /** Call as any of these runs, until told to end. */
  | { readonly kind: 'go-on'; readonly runs: readonly { readonly agent: string; readonly runId: string }[] }
  | { readonly kind: 'end' }
  /** So many calls, by all workers together. */
  | { readonly kind: 'spend'; readonly agent: string; readonly runId: string; readonly calls: number }
  /** Each worker tries to use every one of these approvals. */
  | { readonly kind: 'pay'; readonly agent: string; readonly runId: string; readonly approvalIds: readonly string[] };

export interface Did {
  /** How often calls came to what: `result`, or their code. */
  readonly answers: Readonly<Record<string, number>>;
  /** Ids of the calls whose tool ran. */
  readonly ran: readonly string[];
}

export interface AtOnce extends LawWorld {
  readonly ran: string[];
  work(work: Exclude<Work, { kind: 'end' }>): Promise<Did>;
  end(): void;
  close(): Promise<void>;
}

/** A gateway's runtime on a store that others have open too, with so many workers. */
export async function openAtOnce(path: string, seed: number, workers: number): Promise<AtOnce> {
  const truth = await openSqliteStore({ path });
  const ran: string[] = [];
  const law = await openLawWorld({
    catalog: atOnceCatalog(),
    truth,
    seed,
    call: async (intent) => {
      ran.push(intent.call.id);
      return { ok: true, result: { content: [{ type: 'text', text: 'done' }] } };
    },
  });
  let isOver = false;
  const ask = (name: string, runId: string, tool: string, more: object = {}): Promise<CallAnswer> =>
    call(law.world, { principal: agent(name), runId, tool, arguments: {}, ...more });

  return {
    ...law,
    ran,
    end: () => {
      isOver = true;
    },
    close: () => truth.close(),
    async work(work) {
      isOver = false;
      const answers: Record<string, number> = {};
      const before = ran.length;
      let left = work.kind === 'spend' ? work.calls : Number.POSITIVE_INFINITY;
      const note = (answer: CallAnswer) => {
        const what = answer.kind === 'result' ? 'result' : answer.code;
        answers[what] = (answers[what] ?? 0) + 1;
      };
      await Promise.all(
        Array.from({ length: workers }, async (_, worker) => {
          switch (work.kind) {
            case 'go-on':
              for (let i = worker; !isOver; i++) {
                const run = work.runs[i % work.runs.length];
                if (run === undefined) return;
                note(await ask(run.agent, run.runId, i % 3 === 0 ? 'law/one' : 'law/two'));
              }
              return;
            case 'spend':
              while (left-- > 0) note(await ask(work.agent, work.runId, 'law/one'));
              return;
            case 'pay':
              for (const [amount, approvalId] of work.approvalIds.entries())
                note(await ask(work.agent, work.runId, 'law/pay', { approvalId, arguments: { amount } }));
          }
        }),
      );
      return { answers, ran: ran.slice(before) };
    },
  };
}
