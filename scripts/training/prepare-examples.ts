import { makeHarmless, makeHarmlessTexts, makeOrders, seededRandom } from './instructions.ts';
import { type LabelledLine, PROMPT_KINDS } from './labelled-line.ts';
import type { Example } from './train-model.ts';

/** Made sentences that go with the labelled lines. */
const MADE_ORDERS = 6_000;
const MADE_HARMLESS = 3_000;
/** Harmless text around a made order, at most. */
const CONTEXT_CHARS = 600;

/**
 * Turns labelled lines into examples. The same injected sentence in many texts counts less each time; prompts count a
 * little as harmless. Made orders are put between the lines of harmless texts, so that it is the order that is learned
 * and not its surroundings. Confirmed and rejected findings count twice.
 */
export function prepareExamples(lines: readonly LabelledLine[], reviewed: readonly LabelledLine[]): readonly Example[] {
  const spans = new Map<string, number>();
  for (const { span } of lines) if (span !== undefined) spans.set(span, (spans.get(span) ?? 0) + 1);
  const examples: Example[] = [];
  for (const line of lines) {
    const uses = line.span === undefined ? 1 : (spans.get(line.span) ?? 1);
    if (line.label === 1) examples.push(...injected(line, uses === 1 ? 1 : Math.max(0.15, 2 / Math.sqrt(uses))));
    else examples.push({ text: line.text, label: 0, weight: PROMPT_KINDS.has(line.kind) ? 0.3 : 1 });
  }
  examples.push(...prepareReviewed(reviewed));
  const harmless = lines.filter((line) => line.label === 0 && !PROMPT_KINDS.has(line.kind)).map((line) => line.text);
  const random = seededRandom(5);
  for (const order of makeOrders(MADE_ORDERS, 11)) examples.push(placeOrder(order, harmless, random));
  for (const text of makeHarmless(MADE_HARMLESS, 13)) examples.push({ text, label: 0, weight: 1 });
  for (const text of makeHarmlessTexts(MADE_HARMLESS, 17)) examples.push({ text, label: 0, weight: 1 });
  return examples;
}

/** Findings that people confirmed or rejected. */
export function prepareReviewed(reviewed: readonly LabelledLine[]): readonly Example[] {
  return reviewed.flatMap((line) =>
    line.label === 1 ? injected(line, 2) : [{ text: line.text, label: 0 as const, weight: 2 }],
  );
}

/** A line whose span does not stand in it as written is left out: what to learn from it is unclear. */
function injected(line: LabelledLine, weight: number): readonly Example[] {
  if (line.span === undefined) return [{ text: line.text, label: 1, weight: Math.max(1, weight) }];
  const at = line.text.indexOf(line.span);
  return at < 0 ? [] : [{ text: line.text, label: 1, weight, span: [at, at + line.span.length] }];
}

function placeOrder(order: string, harmless: readonly string[], random: () => number): Example {
  const pick = <T>(values: readonly T[]): T | undefined => values[Math.floor(random() * values.length)];
  const whole = pick(harmless) ?? '';
  const from = Math.floor(random() * Math.max(1, whole.length - CONTEXT_CHARS));
  const lines = whole.slice(from, from + CONTEXT_CHARS).split('\n');
  const cut = Math.floor(random() * (lines.length + 1));
  const between = pick(['\n', '\n\n', ' ', '\n', '"\n"']) ?? '\n';
  const before = lines.slice(0, cut).join('\n');
  const after = lines.slice(cut).join('\n');
  const start = before === '' ? 0 : before.length + between.length;
  const head = before === '' ? '' : before + between;
  return {
    text: head + order + (after === '' ? '' : between + after),
    label: 1,
    weight: 0.8,
    span: [start, start + order.length],
  };
}
