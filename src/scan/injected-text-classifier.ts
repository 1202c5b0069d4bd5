import { type InjectionModel, scoreText } from './injection-model.ts';
import { packedModel } from './injection-weights.ts';

/**
 * Anything that tells how much a text reads like instructions to a model. The built-in one is a small linear model;
 * another, for instance a neural network run by a program of one's own, can be handed to a scan in its place or beside
 * it. Chaperone loads no code and no weights to get one.
 */
export interface TextClassifier {
  /** Shown in findings, with a version: a decision is repeated with the same classifier only. */
  readonly name: string;
  /**
   * The parts that read like instructions and how likely they are some, 0 to 1; 0.5 is where one of 200 harmless
   * documents reaches. Pure, linear in the text, at most 20 parts.
   */
  classify(text: string): readonly ClassifiedPart[];
}

/** Offsets are UTF-16 code units. */
export interface ClassifiedPart {
  readonly start: number;
  readonly end: number;
  readonly likelihood: number;
}

const MOST_PARTS = 20;

/** The built-in classifier. What it was trained on, what it reaches and where it fails: `docs/model-card.md`. */
export const linearClassifier: TextClassifier = {
  name: `linear-${packedModel.version}`,
  classify(text) {
    const { threshold } = packedModel;
    // From half the odds: weaker signs count together with others.
    return scoreText(text, model, threshold - MARGIN, MOST_PARTS)
      .filter(({ score }) => score >= threshold - MARGIN)
      .map(({ score, start, end }) => ({ start, end, likelihood: 1 / (1 + Math.exp((threshold - score) / SLOPE)) }));
  },
};

/** How far below the threshold a part is still mentioned, and how fast the likelihood rises around it. */
const MARGIN = 1.5;
const SLOPE = 0.9;

const model: InjectionModel = {
  weights: unpack(packedModel.weights),
  scale: packedModel.scale,
  segmentBias: packedModel.segmentBias,
  windowBias: packedModel.windowBias,
};

function unpack(base64: string): Int8Array {
  const binary = atob(base64);
  const weights = new Int8Array(binary.length);
  for (let i = 0; i < binary.length; i++) weights[i] = binary.charCodeAt(i);
  return weights;
}
