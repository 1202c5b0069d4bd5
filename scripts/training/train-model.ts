import { forEachUnit, type InjectionModel } from '../../src/scan/injection-model.ts';
import { FEATURE_BUCKETS, readFeatures } from '../../src/scan/text-features.ts';
import { seededRandom } from './instructions.ts';

/** A text to learn from. */
export interface Example {
  readonly text: string;
  readonly label: 0 | 1;
  /** The injected part, as offsets; without it, any part of a text labelled 1 may be. */
  readonly span?: readonly [start: number, end: number];
  /** How much the text counts; 1 is usual. */
  readonly weight: number;
}

export interface TrainingOptions {
  readonly epochs: number;
  readonly learningRate: number;
  /** Pull of each weight towards zero. */
  readonly decay: number;
  readonly seed: number;
  /** A model to go on from, instead of one that knows nothing. */
  readonly start?: InjectionModel;
}

/** A text as units (segments and windows), each a run of features. */
interface Prepared {
  readonly ids: Int32Array;
  /** Pairs: where the features of a unit begin and end. */
  readonly units: Int32Array;
  readonly isWindow: Uint8Array;
  /** 1: inside the injected part, 2: overlaps it, 0: outside. */
  readonly place: Uint8Array;
  readonly label: 0 | 1;
  readonly weight: number;
  readonly spanKnown: boolean;
}

/**
 * Learns a linear model by stochastic gradient steps on the logistic loss (per-weight step sizes). Of a text with
 * injected instructions the unit that reads most like them is learned as such; of a harmless one, every unit that is
 * not already told apart by a margin. That is how the model is used: the worst unit speaks for the text.
 */
export function trainModel(
  examples: readonly Example[],
  options: TrainingOptions,
  tell: (line: string) => void,
): InjectionModel {
  const prepared = examples.map(prepare);
  const { start } = options;
  const weights = new Float32Array(FEATURE_BUCKETS);
  if (start) for (let id = 0; id < FEATURE_BUCKETS; id++) weights[id] = (start.weights[id] ?? 0) * start.scale;
  const squares = new Float32Array(FEATURE_BUCKETS).fill(1e-3);
  const bias = [start?.segmentBias ?? -1, start?.windowBias ?? -1];
  const random = seededRandom(options.seed);
  const order = Array.from(prepared, (_, index) => index);

  const score = (text: Prepared, unit: number): number => {
    const from = text.units[2 * unit] ?? 0;
    const to = text.units[2 * unit + 1] ?? 0;
    let sum = 0;
    for (let at = from; at < to; at++) sum += weights[text.ids[at] ?? 0] ?? 0;
    return sum / Math.sqrt(Math.max(1, to - from)) + (bias[text.isWindow[unit] ?? 0] ?? 0);
  };
  const step = (text: Prepared, unit: number, target: 0 | 1, weight: number, known?: number) => {
    const value = known ?? score(text, unit);
    const error = 1 / (1 + Math.exp(-value)) - target;
    if (Math.abs(error) < 0.01) return;
    const from = text.units[2 * unit] ?? 0;
    const to = text.units[2 * unit + 1] ?? 0;
    const gradient = (error * weight) / Math.sqrt(Math.max(1, to - from));
    const decay = options.decay;
    for (let at = from; at < to; at++) {
      const id = text.ids[at] ?? 0;
      const own = weights[id] ?? 0;
      const slope = gradient + decay * own;
      const square = (squares[id] ?? 0) + slope * slope;
      squares[id] = square;
      weights[id] = own - (options.learningRate * slope) / Math.sqrt(square);
    }
    const kind = text.isWindow[unit] ?? 0;
    bias[kind] = (bias[kind] ?? 0) - 0.02 * error * weight;
  };

  for (let epoch = 0; epoch < options.epochs; epoch++) {
    shuffle(order, random);
    let loss = 0;
    for (const index of order) {
      const text = prepared[index];
      if (!text) continue;
      if (text.label === 1) loss += learnInjected(text, epoch, score, step);
      else loss += learnHarmless(text, score, step);
    }
    tell(`epoch ${epoch + 1} of ${options.epochs}: loss ${(loss / prepared.length).toFixed(4)}`);
  }
  return { weights, scale: 1, segmentBias: bias[0] ?? 0, windowBias: bias[1] ?? 0 };
}

type Score = (text: Prepared, unit: number) => number;
type Step = (text: Prepared, unit: number, target: 0 | 1, weight: number, known?: number) => void;

function learnInjected(text: Prepared, epoch: number, score: Score, step: Step): number {
  const units = text.isWindow.length;
  const top: { unit: number; value: number }[] = [];
  for (let unit = 0; unit < units; unit++) {
    const place = text.spanKnown ? text.place[unit] : 1;
    if (place === 0) {
      const value = score(text, unit);
      if (value > -3) step(text, unit, 0, text.weight, value);
      continue;
    }
    if (place === 2) {
      // A window with the injected part in it: it should rise as well, though less.
      if (epoch > 0) step(text, unit, 1, 0.2 * text.weight);
      continue;
    }
    top.push({ unit, value: score(text, unit) });
  }
  top.sort((a, b) => b.value - a.value);
  // Long texts without a known span are instructions throughout: their clearest parts are learned.
  const most = text.spanKnown ? 2 : Math.min(6, Math.ceil(top.length / 4));
  for (const [rank, { unit, value }] of top.slice(0, most).entries()) {
    step(text, unit, 1, (rank === 0 ? 1 : 0.4) * text.weight, value);
  }
  return top[0] ? Math.log1p(Math.exp(-top[0].value)) : 0;
}

function learnHarmless(text: Prepared, score: Score, step: Step): number {
  let worst = -Infinity;
  for (let unit = 0; unit < text.isWindow.length; unit++) {
    const value = score(text, unit);
    worst = Math.max(worst, value);
    if (value > -4) step(text, unit, 0, text.weight, value);
  }
  return Math.log1p(Math.exp(worst));
}

function prepare(example: Example): Prepared {
  const features = readFeatures(example.text);
  const units: number[] = [];
  const isWindow: number[] = [];
  const place: number[] = [];
  const [spanStart, spanEnd] = example.span ?? [0, 0];
  forEachUnit(features, (first, last) => {
    units.push(features.from[first] ?? 0, features.from[last + 1] ?? 0);
    isWindow.push(first === last ? 0 : 1);
    const start = features.start[first] ?? 0;
    const end = features.end[last] ?? 0;
    const overlap = Math.min(end, spanEnd) - Math.max(start, spanStart);
    if (!example.span || overlap <= 2) place.push(0);
    else place.push(overlap >= 0.8 * (end - start) ? 1 : 2);
  });
  return {
    ids: features.ids.slice(0, features.from[features.segments] ?? 0),
    units: Int32Array.from(units),
    isWindow: Uint8Array.from(isWindow),
    place: Uint8Array.from(place),
    label: example.label,
    weight: example.weight,
    spanKnown: example.span !== undefined,
  };
}

function shuffle(order: number[], random: () => number): void {
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    const held = order[last] ?? 0;
    order[last] = order[other] ?? 0;
    order[other] = held;
  }
}
