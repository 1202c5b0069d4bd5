import { digestBytes } from '../../src/base/digest.ts';
import { type InjectionModel, scoreText } from '../../src/scan/injection-model.ts';

/** Harmless documents that may reach the threshold. */
const FALSE_ALARMS = 0.005;
/** The held-out texts are few: a little above where they would put the threshold. */
const THRESHOLD_MARGIN = 0.2;

/** The score of the part of a text that reads most like instructions. */
export function bestScore(text: string, scored: InjectionModel): number {
  return scoreText(text, scored, Number.POSITIVE_INFINITY, 1)[0]?.score ?? Number.NEGATIVE_INFINITY;
}

/** Weights as signed bytes: the largest ones are cut, the step is the same for all. */
export function quantise(exact: InjectionModel): InjectionModel {
  const sizes = Array.from(exact.weights, Math.abs)
    .filter((size) => size > 0)
    .sort((a, b) => a - b);
  const largest = sizes[Math.floor(sizes.length * 0.9995)] ?? 1;
  const scale = largest / 127;
  const weights = Int8Array.from(exact.weights, (weight) => Math.max(-127, Math.min(127, Math.round(weight / scale))));
  return { ...exact, weights, scale };
}

/** The lowest threshold that no more than the allowed share of harmless documents reaches, and the margin. */
export function chooseThreshold(scores: readonly number[]): number {
  const sorted = scores.toSorted((a, b) => b - a);
  return (sorted[Math.floor(FALSE_ALARMS * sorted.length)] ?? 0) + THRESHOLD_MARGIN;
}

/** The file of the shipped weights. */
export function printModel({ weights, scale, segmentBias, windowBias }: InjectionModel, limit: number): string {
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
