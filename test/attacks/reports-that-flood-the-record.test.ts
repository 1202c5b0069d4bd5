import { describe, expect, it } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import { ingest } from '../../src/runtime/ingest.ts';
import { reportModelStep } from '../../src/runtime/report-model-step.ts';
import { TemplateBook } from '../../src/runtime/template-book.ts';
import { lawCatalog, openLawWorld } from '../laws/law-world.ts';

/**
 * An agent reports steps of its model and brings content, as much as it likes and as fast as it can, so that the disk is
 * full and nothing is recorded any more. What it has recorded of its own run is bounded; what a host application reports is not.
 */

const TEXT = 'x'.repeat(limits.recordedChars);
const principal = { tenant: 'default', agent: 'a' };

async function open(attested: boolean) {
  const { world, truth, advance } = await openLawWorld({
    catalog: lawCatalog({ tools: [], manifest: { version: 1, agents: { a: {} } } }),
    call: async () => ({ ok: true, result: { content: [] } }),
  });
  const run = await world.runs.start({
    principal,
    task: 'x',
    prompt: [],
    attested: true,
    lifeMs: 10 * limits.reportedMs,
  });
  const templates = new TemplateBook(truth, world.clock);
  const say = () => {
    const step = { model: 'm', input: TEXT, output: TEXT, reasoning: TEXT };
    return reportModelStep(world, templates, { principal, runId: run.id, attested, step });
  };
  const bring = () => ingest(world, { principal, runId: run.id, attested, source: 'mail', content: TEXT });
  const recorded = async () => {
    let chars = 0;
    for (let afterSeq = 0; ; ) {
      const page = await truth.readEvents({ tenant: 'default', runId: run.id, afterSeq, limit: 100 });
      const last = page.at(-1);
      if (last === undefined) return chars;
      for (const { body } of page) chars += JSON.stringify(body).length;
      afterSeq = last.seq;
    }
  };
  return { say, bring, recorded, advance };
}

const TIMES = Math.ceil(limits.reportedChars / (3 * limits.recordedChars)) + 20;

describe('an agent that reports without end', () => {
  it('has so much of it recorded and no more, by whatever it reports, and goes on later', async () => {
    const { say, bring, recorded, advance } = await open(false);
    const codes = new Set<string>();
    for (let i = 0; i < TIMES; i++) await say().catch((error: { code: string }) => codes.add(error.code));
    expect([...codes]).toEqual(['E_RATE']);
    expect(await bring()).toMatchObject({ kind: 'refused', code: 'E_RATE' });
    const chars = await recorded();
    expect(chars).toBeLessThan(limits.reportedChars + 10_000);
    expect(chars).toBeGreaterThan(limits.reportedChars * 0.9);
    advance(limits.reportedMs * 1.1);
    expect(await say()).toMatch(/^evt_/);
  });

  it('is told apart from a host application, which reports what it has seen', async () => {
    const { say, recorded } = await open(true);
    for (let i = 0; i < TIMES; i++) await say();
    expect(await recorded()).toBeGreaterThan(limits.reportedChars);
  });
});
