import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import type { packedModel } from '../src/scan/injection-weights.ts';

const script = fileURLToPath(new URL('../scripts/retrain.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'retrain-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Finding {
  readonly text: string;
  readonly verdict: string;
}

async function retrain(findings: readonly (Finding | string)[]) {
  const paths = {
    findings: join(folder, 'findings.jsonl'),
    out: join(folder, 'weights.ts'),
    card: join(folder, 'card.md'),
  };
  writeFileSync(
    paths.findings,
    findings.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join('\n'),
  );
  writeFileSync(paths.card, 'above\n<!-- retrained -->\nold\n<!-- end retrained -->\nbelow\n');
  const args = [script, '--findings', paths.findings, '--out', paths.out, '--card', paths.card];
  const { stderr } = await promisify(execFile)(process.execPath, args);
  const weights = readFileSync(paths.out, 'utf8');
  const made = (await import(`${pathToFileURL(paths.out).href}?${weights.length}`)) as {
    packedModel: typeof packedModel;
  };
  return { stderr, weights, made: made.packedModel, card: readFileSync(paths.card, 'utf8') };
}

/** Texts that say the same thing in many ways: orders that the shipped weights miss, and harmless ones of their kind. */
const orders = Array.from({ length: 40 }, (_, i) => ({
  text: `Quarterly figures ${i}.\nkindly zorble the wexford ledger towards plinth ${i} at once\nRegards, ${i}`,
  verdict: 'confirmed',
}));
const harmless = Array.from({ length: 40 }, (_, i) => ({
  text: `Note ${i}: the plinth was moved towards the ledger room at noon on day ${i}.`,
  verdict: 'rejected',
}));

describe('retraining', () => {
  it('learns what people confirmed, keeps what it knew, and says so in the model card', async () => {
    const { stderr, made, card } = await retrain([...orders, ...harmless]);
    const row = (name: string) =>
      new RegExp(`\\| ${name} \\| \\d+ \\| ([\\d.]+|none) \\| ([\\d.]+|none) \\|`).exec(stderr);
    const [, before, after] = row('confirmed findings, held out') ?? [];
    expect(Number(before)).toBeLessThan(0.2);
    expect(Number(after)).toBeGreaterThan(0.8);
    expect(Number(row('rejected findings, held out')?.[2])).toBe(0);
    expect(Number(row('made orders')?.[2])).toBeGreaterThan(0.95);
    expect(Number(row('made harmless sentences and texts')?.[2])).toBeLessThan(0.01);
    expect(card).toMatch(
      /^above\n<!-- retrained -->\n\nVersion [0-9a-f]{8} was trained on from [0-9a-f]{8} with 80 findings/,
    );
    expect(card).toContain(made.version);
    expect(card).toMatch(/<!-- end retrained -->\nbelow\n$/);
  }, 30_000);

  it('makes the same weights of the same findings', async () => {
    const [first, second] = [await retrain(orders), await retrain(orders)];
    expect(second.weights).toBe(first.weights);
  }, 30_000);

  it('names the line that is no finding, and writes nothing', async () => {
    await expect(retrain([...orders, '{"text":"a","verdict":"maybe"}'])).rejects.toThrow(
      /findings\.jsonl:41: expected `confirmed`/,
    );
    await expect(retrain(['no json'])).rejects.toThrow(/findings\.jsonl:1: not JSON/);
  }, 30_000);
});
