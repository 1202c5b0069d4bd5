import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../src/adapters/stores/sqlite/open-sqlite-store.ts';
import type { Intent } from '../../src/model/intent.ts';
import { answerApproval } from '../../src/runtime/approving/answer-approval.ts';
import { call } from '../../src/runtime/call.ts';
import { Seeded } from '../simulation/seeded.ts';
import { counting, type LawWorld, lawCatalog, lawTool, openLawWorld } from './law-world.ts';

/*
 * Law 7 with 64 workers at once on one SQLite store, through two gateways on it: whoever answers, alters, replays, denies
 * and spends at the same time, every call that ran was approved by as many as it takes, exactly as it ran, and once.
 */

const WORKERS = 64;
const CALLS = 6;
const PERSONS = ['ana', 'bo', 'cy', 'dee'] as const;
const catalog = lawCatalog({
  tools: [lawTool('pay', { amount: { type: 'integer' } })],
  manifest: {
    version: 1,
    tools: { 'law/pay': { effect: 'write', consequence: 'medium' } },
    agents: { a: { tools: { 'law/pay': { approval: 'required' } } } },
    approvals: { persons: 2, approvers: ['ana', 'bo', 'cy'] },
  },
});
const principal = { tenant: 'default', agent: 'a' };

describe('law 7: 64 workers at once on one store', () => {
  it('spend each approval once, on exactly the call that two approvers approved', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const seeded = new Seeded(seed);
        const folder = await mkdtemp(join(tmpdir(), 'chaperone-law-'));
        const path = join(folder, 'store.db');
        const effects: Intent[] = [];
        const stores = [await openSqliteStore({ path }), await openSqliteStore({ path })];
        try {
          const laws: LawWorld[] = [];
          for (const [i, truth] of stores.entries())
            laws.push(await openLawWorld({ catalog, call: counting(effects), truth, seed: seed + i }));
          const [first] = laws;
          if (first === undefined) throw new Error('there is no gateway');
          const run = await first.world.runs.start({ principal, task: 'law', prompt: [], attested: true });
          const use = (amount: number, approvalId: string | undefined, law = seeded.pick([0, 1])) =>
            call(laws[law]?.world ?? first.world, {
              principal,
              runId: run.id,
              tool: 'law/pay',
              arguments: { amount },
              ...(approvalId === undefined ? {} : { approvalId }),
            });
          const ids: string[] = [];
          for (let amount = 0; amount < CALLS; amount++) {
            const asked = await use(amount, undefined, 0);
            ids.push((asked.kind === 'refused' ? asked.approvalId : undefined) ?? '');
          }
          await Promise.all(
            Array.from({ length: WORKERS }, async () => {
              for (let step = 0; step < 5; step++) {
                const amount = seeded.below(CALLS);
                const approvalId = ids[amount] ?? '';
                const what = seeded.pick(['answer', 'answer', 'spend', 'spend', 'alter', 'deny']);
                if (what === 'spend') await use(amount, approvalId);
                if (what === 'alter') await use(amount + 100, approvalId);
                if (what !== 'answer' && what !== 'deny') continue;
                const approve = what === 'answer' || seeded.chance(0.8);
                await answerApproval(laws[seeded.below(2)]?.world ?? first.world, {
                  tenant: 'default',
                  approvalId,
                  approve,
                  by: seeded.pick(PERSONS),
                  presence: 'terminal',
                }).catch(() => {});
              }
            }),
          );
          for (const [amount, approvalId] of ids.entries()) {
            const approval = await first.truth.readApproval('default', approvalId);
            const ran = effects.filter(({ call: { arguments: args } }) => args['amount'] === amount);
            expect(ran.length, `seed ${seed}: ${approval?.state}`).toBe(approval?.state === 'consumed' ? 1 : 0);
            for (const intent of ran) expect(intent.call.digest).toBe(approval?.callDigest);
            const approved = new Set((approval?.answers ?? []).filter(({ approve }) => approve).map(({ by }) => by));
            if (approval?.state === 'consumed' || approval?.state === 'approved') {
              expect([...approved].filter((by) => by !== 'dee')).toHaveLength(2);
            }
            if (approval?.state === 'pending') expect(approved.size).toBeLessThan(2);
          }
          expect(effects.every(({ call: { arguments: args } }) => Number(args['amount']) < 100)).toBe(true);
        } finally {
          for (const store of stores) await store.close();
          await rm(folder, { recursive: true, force: true });
        }
      }),
      { numRuns: 8, seed: 11 },
    );
  });
});
