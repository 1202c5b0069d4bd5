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
import { type LabelledLine, PROMPT_KINDS, readLabelledLines } from './training/labelled-line.ts';
import { bestScore, chooseThreshold, printModel, quantise } from './training/pack-model.ts';
import { prepareExamples } from './training/prepare-examples.ts';
import { trainModel } from './training/train-model.ts';

const OPTIONS = { epochs: 6, learningRate: 0.2, decay: 1e-5, seed: 1 };
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
