/**
 * Trains the built-in classifier on with findings that people confirmed or rejected, writes new weights, and says in
 * numbers what that changed, on the terminal and in `docs/model-card.md`:
 *
 *   npm run retrain -- --findings <findings.jsonl> [--lines <lines.jsonl>]… [--out <file>] [--card <file>]
 *
 * A finding is `{"text", "verdict": "confirmed" | "rejected", "source"?, "kind"?, "span"?}`. With `--lines` the classifier
 * is trained anew from labelled lines and the findings; without, it goes on from the shipped weights, kept from forgetting
 * by made sentences. A fifth of the findings is held out and only measured. Repeatable: same files, same weights.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { triggerTexts } from '../bench/trigger-texts.ts';
import { digestBytes } from '../src/base/digest.ts';
import type { InjectionModel } from '../src/scan/injection-model.ts';
import { packedModel } from '../src/scan/injection-weights.ts';
import { makeHarmless, makeHarmlessTexts, makeOrders } from './training/instructions.ts';
import { type LabelledLine, readLabelledLines, readReviewedFindings } from './training/labelled-line.ts';
import { bestScore, chooseThreshold, printModel, quantise } from './training/pack-model.ts';
import { prepareExamples, prepareReviewed } from './training/prepare-examples.ts';
import { type Example, trainModel } from './training/train-model.ts';

const ANEW = { epochs: 6, learningRate: 0.2, decay: 1e-5, seed: 1 };
/** Small steps: what is known already should mostly stay. */
const ON = { epochs: 6, learningRate: 0.08, decay: 0, seed: 1 };
/** Sentences of the grammar that keep it from forgetting, and others, of other seeds, that measure it. */
const KEPT = 2_000;
const MEASURED = 1_000;
const SECTION = /<!-- retrained -->[\s\S]*?<!-- end retrained -->/;

const { values } = parseArgs({
  options: {
    findings: { type: 'string', multiple: true, default: [] },
    lines: { type: 'string', multiple: true, default: [] },
    out: { type: 'string', default: 'src/scan/injection-weights.ts' },
    card: { type: 'string', default: 'docs/model-card.md' },
  },
});
const tell = (line: string) => process.stderr.write(`${line}\n`);
if (values.findings.length === 0) {
  tell('usage: npm run retrain -- --findings <findings.jsonl> [--lines <lines.jsonl>]… [--out <file>] [--card <file>]');
  process.exit(2);
}

interface Candidate {
  readonly model: InjectionModel;
  readonly threshold: number;
}

const findings = values.findings.flatMap(readReviewedFindings);
const isHeldOut = ({ text }: LabelledLine) => Number.parseInt(digestBytes(text).slice(7, 9), 16) < 51;
const learned = findings.filter((line) => !isHeldOut(line));
const held = findings.filter(isHeldOut);
tell(`${findings.length} findings: ${learned.length} to learn from, ${held.length} held out`);

const before: Candidate = { model: unpackShipped(), threshold: packedModel.threshold };
const examples =
  values.lines.length > 0 ? prepareExamples(values.lines.flatMap(readLabelledLines), learned) : keepAndLearn();
const options = values.lines.length > 0 ? ANEW : { ...ON, start: before.model };
const model = quantise(trainModel(examples, options, tell));
const harmless = [...makeHarmless(MEASURED, 113), ...makeHarmlessTexts(MEASURED, 117), ...triggerTexts];
const rejected = learned.filter(({ label }) => label === 0).map(({ text }) => text);
// Never below the shipped one: findings are few, and say little about everything else.
const chosen = chooseThreshold([...harmless, ...rejected].map((text) => bestScore(text, model)));
const after: Candidate = { model, threshold: values.lines.length > 0 ? chosen : Math.max(before.threshold, chosen) };

const measures: readonly (readonly [name: string, texts: readonly string[]])[] = [
  ['confirmed findings, held out', held.filter(({ label }) => label === 1).map(({ text }) => text)],
  ['confirmed findings, learned from', learned.filter(({ label }) => label === 1).map(({ text }) => text)],
  ['rejected findings, held out', held.filter(({ label }) => label === 0).map(({ text }) => text)],
  ['rejected findings, learned from', rejected],
  ['made orders', makeOrders(MEASURED, 111)],
  ['made harmless sentences and texts', harmless],
];
const rows = measures.map(([name, texts]) => [name, String(texts.length), share(texts, before), share(texts, after)]);
const table = [
  '| reach the threshold | texts | before | after |',
  '|---|---|---|---|',
  ...rows.map((row) => `| ${row.join(' | ')} |`),
].join('\n');
tell(`\n${table}\n`);

const text = printModel(after.model, after.threshold);
const version = /version: '([0-9a-f]+)'/.exec(text)?.[1] ?? '';
writeFileSync(values.out, text);
tell(`wrote ${values.out}, version ${version}`);
const card = readFileSync(values.card, 'utf8');
if (!SECTION.test(card)) throw new Error(`${values.card} has no section \`retrained\``);
writeFileSync(
  values.card,
  card.replace(SECTION, () => printSection(version)),
);
tell(`wrote ${values.card}; the other numbers in it are those of the shipped weights: \`npm run bench -- injection\``);

function printSection(made: string): string {
  return [
    '<!-- retrained -->',
    '',
    `Version ${made} was trained on from ${packedModel.version} with ${findings.length} findings that people answered,`,
    'a fifth of which was held out. The numbers of the other sections are those of the version before.',
    '',
    table,
    '',
    '<!-- end retrained -->',
  ].join('\n');
}

/** What is learned on top of the shipped weights. */
function keepAndLearn(): readonly Example[] {
  const orders = makeOrders(KEPT, 211).map((text): Example => ({ text, label: 1, weight: 0.5 }));
  const others = [...makeHarmless(KEPT, 213), ...makeHarmlessTexts(KEPT, 217)];
  return [...prepareReviewed(learned), ...orders, ...others.map((text): Example => ({ text, label: 0, weight: 0.5 }))];
}

function share(texts: readonly string[], { model: scored, threshold }: Candidate): string {
  if (texts.length === 0) return 'none';
  return (texts.filter((one) => bestScore(one, scored) >= threshold).length / texts.length).toFixed(3);
}

function unpackShipped(): InjectionModel {
  const { scale, segmentBias, windowBias } = packedModel;
  return { weights: new Int8Array(Buffer.from(packedModel.weights, 'base64')), scale, segmentBias, windowBias };
}
