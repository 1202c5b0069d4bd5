import { readFeatures, type TextFeatures, WINDOW_WORDS } from './text-features.ts';

/** A linear model over the features of `readFeatures`: what training makes and what `scoreText` reads. */
export interface InjectionModel {
  /** One weight a feature, times `scale`. */
  readonly weights: Int8Array | Float32Array;
  readonly scale: number;
  /** Added to the score of a segment by itself, and to that of a window of segments. */
  readonly segmentBias: number;
  readonly windowBias: number;
}

/** The part of a text that reads most like instructions, and how much: above 0 rather than not, in the model's own units. */
export interface InjectionScore {
  readonly score: number;
  readonly start: number;
  readonly end: number;
}

/** A segment of fewer words is seen only within a window. */
export const SEGMENT_WORDS = 3;

/**
 * Scores every segment and every window of up to 40 words, and returns those above `threshold`, best first, at most
 * `most`; without any, the best one. An empty text has none.
 */
export function scoreText(
  text: string,
  model: InjectionModel,
  threshold: number,
  most: number,
): readonly InjectionScore[] {
  const features = readFeatures(text);
  const sums = sumSegments(features, model);
  let best: InjectionScore | undefined;
  const above: InjectionScore[] = [];
  forEachUnit(features, (first, last) => {
    const score = scoreUnit(features, sums, model, first, last);
    if (best && score <= best.score && score < threshold) return;
    const unit = { score, start: features.start[first] ?? 0, end: features.end[last] ?? 0 };
    if (!best || score > best.score) best = unit;
    if (score >= threshold) above.push(unit);
  });
  if (above.length === 0) return best ? [best] : [];
  const kept: InjectionScore[] = [];
  for (const unit of above.sort((a, b) => b.score - a.score)) {
    if (kept.length >= most) break;
    if (kept.every((one) => unit.end <= one.start || unit.start >= one.end)) kept.push(unit);
  }
  return kept;
}

/** Visits each segment long enough, and each widest run of two or more segments that fits a window. */
export function forEachUnit(features: TextFeatures, visit: (first: number, last: number) => void): void {
  let first = 0;
  let words = 0;
  for (let last = 0; last < features.segments; last++) {
    const own = features.words[last] ?? 0;
    if (own >= SEGMENT_WORDS) visit(last, last);
    words += own;
    while (words > WINDOW_WORDS) words -= features.words[first++] ?? 0;
    if (first < last) visit(first, last);
  }
}

let sumsBuffer = new Float64Array(1 << 10);

/** Sums of weights up to each segment: the sum of a run of segments is the difference of two. Reused by the next call. */
function sumSegments(features: TextFeatures, model: InjectionModel): Float64Array {
  const { ids, from, segments } = features;
  const { weights } = model;
  if (sumsBuffer.length <= segments) sumsBuffer = new Float64Array(2 * segments);
  const sums = sumsBuffer;
  let sum = 0;
  let at = 0;
  sums[0] = 0;
  for (let segment = 0; segment < segments; segment++) {
    const end = from[segment + 1] ?? at;
    for (; at < end; at++) sum += weights[ids[at] ?? 0] ?? 0;
    sums[segment + 1] = sum;
  }
  return sums;
}

function scoreUnit(
  features: TextFeatures,
  sums: Float64Array,
  model: InjectionModel,
  first: number,
  last: number,
): number {
  const count = (features.from[last + 1] ?? 0) - (features.from[first] ?? 0);
  const sum = ((sums[last + 1] ?? 0) - (sums[first] ?? 0)) * model.scale;
  return sum / Math.sqrt(Math.max(1, count)) + (first === last ? model.segmentBias : model.windowBias);
}
