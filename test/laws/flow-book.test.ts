import { describe, expect, it } from 'vitest';
import { openMemoryStore } from '../../src/adapters/stores/memory/open-memory-store.ts';
import { systemClock } from '../../src/base/clock.ts';
import { digestBytes } from '../../src/base/digest.ts';
import type { FlowRun } from '../../src/flow/flow-run.ts';
import { manifestSchema } from '../../src/model/manifest.ts';
import { buildCatalog } from '../../src/runtime/catalog.ts';
import { FlowBook } from '../../src/runtime/flow-book.ts';
import { RunBook } from '../../src/runtime/run-book.ts';

const catalog = buildCatalog({
  bundle: digestBytes('rules'),
  manifest: manifestSchema.parse({ version: 1 }),
  placeOf: () => ({ file: 'x', line: 1, column: 1 }),
  policyFiles: [],
  tools: [{ server: 'crm', name: 'search_contacts', description: '', inputSchema: { type: 'object' } }],
  pins: new Map(),
});
const tool = [...catalog.tools.values()][0]?.governed;
if (tool === undefined) throw new Error('the catalog has one tool');
const search = tool;

const open = () => new RunBook(systemClock, openMemoryStore(), () => 3_600_000);
const start = (runs: RunBook) =>
  runs.start({
    principal: { tenant: 'default', agent: 'a' },
    task: 'x',
    prompt: [{ kind: 'user', text: 'Email Lena.' }],
    attested: true,
  });

/** A book of three flows and a thousand entries, and four runs. */
async function openSmall() {
  const store = openMemoryStore();
  const runs = new RunBook(systemClock, store, () => 3_600_000);
  const book = new FlowBook(systemClock, store, undefined, { flowRuns: 3, flowEntries: 1_000 });
  return { book, runs: [await start(runs), await start(runs), await start(runs), await start(runs)] as const };
}

/** Has a flow take in so many records. */
function take(flow: FlowRun, count: number, from = 0): readonly string[] {
  const rows = Array.from({ length: count }, (_, i) => ({ id: `c-${from + i}`, email: `p${from + i}@acme.test` }));
  const taken = flow.take(search, {}, { content: [{ type: 'text', text: JSON.stringify(rows) }] });
  Array.from(taken.index());
  return taken.written;
}

describe('the book of flows', () => {
  it('keeps one flow for each run', async () => {
    const runs = open();
    const run = await start(runs);
    const [one, other] = await Promise.all([runs.flows.of(run, catalog), runs.flows.of(run, catalog)]);
    expect(one).toBe(other);
    expect(await runs.flows.of(await start(runs), catalog)).not.toBe(one);
  });

  it('drops the longest unused when there are too many', async () => {
    const { book, runs } = await openSmall();
    const flows = await Promise.all(runs.map((run) => book.of(run, catalog)));
    expect(await book.of(runs[3], catalog)).toBe(flows[3]);
    expect(await book.of(runs[0], catalog)).not.toBe(flows[0]);
  });

  it('drops others before all of them together hold too much, and never the one at work', async () => {
    const { book, runs } = await openSmall();
    const small = await book.of(runs[0], catalog);
    const large = await book.of(runs[1], catalog);
    book.observed(runs[1], large, take(large, 40));
    expect(await book.of(runs[0], catalog)).toBe(small);
    book.observed(runs[1], large, take(large, 400, 40));
    expect(await book.of(runs[1], catalog)).toBe(large);
    expect(await book.of(runs[0], catalog)).not.toBe(small);
  });

  it('forgets a run that has ended', async () => {
    const runs = open();
    const run = await start(runs);
    const flow = await runs.flows.of(run, catalog);
    await runs.end('default', run.id);
    expect(await runs.flows.of(run, catalog)).not.toBe(flow);
  });
});
