/**
 * Trains the classifier of injected instructions and writes `src/scan/injection-weights.ts`:
 *
 *   node scripts/train-classifier.ts <lines.jsonl> [--reviewed <lines.jsonl>] [--hold-out <source,source>] [--out <file>]
 *
 * A line is `{"text", "label": 0|1, "source", "kind", "span"?}`; `span` is the injected part. `--reviewed` adds findings
 * that people confirmed (1) or rejected (0): training again with them is how the classifier learns from its users.
 * `--hold-out` names sources that are not learned from, so that they can be measured; a fifth of the other harmless
 * texts is held out as well, and the threshold is set on all held-out harmless texts. Repeatable: same lines, same weights.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { digestBytes } from '../src/base/digest.ts';
import { type InjectionModel, scoreText } from '../src/scan/injection-model.ts';
import { type LabelledLine, PROMPT_KINDS, readLabelledLines } from './training/labelled-line.ts';
import { prepareExamples } from './training/prepare-examples.ts';
import { trainModel } from './training/train-model.ts';

const OPTIONS = { epochs: 6, learningRate: 0.2, decay: 1e-5, seed: 1 };
/** Harmless documents that may reach the threshold. */
const FALSE_ALARMS = 0.005;
/** The held-out texts are few: a little above where they would put the threshold. */
const THRESHOLD_MARGIN = 0.2;
/** Kinds of text that describe what a tool or its user is for: they hold orders by nature, and have thresholds of their own. */
const DESCRIBING_KINDS = new Set(['tool_desc', 'policy_doc', ...PROMPT_KINDS]);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    reviewed: { type: 'string', multiple: true, default: [] },
    'hold-out': { type: 'string', default: '' },
    out: { type: 'string', default: 'src/scan/injection-weights.ts' },
  },
});
const tell = (line: string) => process.stderr.write(`${line}\n`);
if (positionals.length === 0) {
  tell(
    'usage: node scripts/train-classifier.ts <lines.jsonl>… [--reviewed <lines.jsonl>] [--hold-out <sources>] [--out <file>]',
  );
  process.exit(2);
}
const lines = positionals.flatMap(readLabelledLines);
const reviewed = values.reviewed.flatMap(readLabelledLines);
const heldSources = new Set(values['hold-out'].split(',').filter((source) => source !== ''));

const isHeldOut = (line: LabelledLine) =>
  heldSources.has(line.source) || (line.label === 0 && Number.parseInt(digestBytes(line.text).slice(7, 9), 16) < 51);
const learned = lines.filter((line) => !isHeldOut(line));
const examples = prepareExamples(learned, reviewed);
tell(`${lines.length} lines, ${reviewed.length} reviewed: ${examples.length} examples`);
const model = quantise(trainModel(examples, OPTIONS, tell));

const held = lines.filter(isHeldOut);
const documents = held.filter((line) => line.label === 0 && !DESCRIBING_KINDS.has(line.kind));
const threshold = chooseThreshold(documents.map((line) => bestScore(line.text, model)));
for (const [group, rows] of Map.groupBy(held, (line) => `${line.source} ${line.kind} ${line.label}`)) {
  const reached = rows.filter((line) => bestScore(line.text, model) >= threshold).length;
  tell(`held out: ${group}: ${reached} of ${rows.length} reach the threshold`);
}
writeFileSync(values.out, printModel(model, threshold));
tell(`wrote ${values.out}`);

function bestScore(text: string, scored: InjectionModel): number {
  return scoreText(text, scored, Number.POSITIVE_INFINITY, 1)[0]?.score ?? Number.NEGATIVE_INFINITY;
}

/** Weights as signed bytes: the largest ones are cut, the step is the same for all. */
function quantise(exact: InjectionModel): InjectionModel {
  const sizes = Array.from(exact.weights, Math.abs)
    .filter((size) => size > 0)
    .sort((a, b) => a - b);
  const largest = sizes[Math.floor(sizes.length * 0.9995)] ?? 1;
  const scale = largest / 127;
  const weights = Int8Array.from(exact.weights, (weight) => Math.max(-127, Math.min(127, Math.round(weight / scale))));
  return { ...exact, weights, scale };
}

/** The lowest threshold that no more than the allowed share of harmless documents reaches, and the margin. */
function chooseThreshold(scores: readonly number[]): number {
  const sorted = scores.toSorted((a, b) => b - a);
  return (sorted[Math.floor(FALSE_ALARMS * sorted.length)] ?? 0) + THRESHOLD_MARGIN;
}

function printModel({ weights, scale, segmentBias, windowBias }: InjectionModel, limit: number): string {
  const packed = Buffer.from(Int8Array.from(weights).buffer).toString('base64');
  const version = digestBytes(packed).slice(7, 15);
  return [
    '// Made by scripts/train-classifier.ts; how and from what: docs/model-card.md.',
    '/** Weights of the built-in classifier: one signed byte a feature, as base64. */',
    'export const packedModel = {',
    `  version: '${version}',`,
    `  threshold: ${limit.toFixed(4)},`,
    `  scale: ${scale.toPrecision(6)},`,
    `  segmentBias: ${segmentBias.toFixed(6)},`,
    `  windowBias: ${windowBias.toFixed(6)},`,
    '  weights:',
    `    '${packed}',`,
    '} as const;',
    '',
  ].join('\n');
}
