import { limits } from '../base/limits.ts';
import type { Finding } from './detector.ts';
import { hiddenText } from './hidden-text.ts';
import { injectedText } from './injected-text.ts';
import { linearClassifier, type TextClassifier } from './injected-text-classifier.ts';
import { shellShapes } from './shell-shapes.ts';
import { flagAt, isRequesting, type Trust, trustOf } from './source-trust.ts';
import { surveyText } from './survey-text.ts';
import { type Layer, type UnfoldedText, unfold } from './unfold.ts';

/** A text that comes in, where from, and how far that is believed; without `trust`, as the source's kind is. */
export interface IncomingDocument {
  readonly text: string;
  /** A kind of source, `mail` or `web-page`, or any other name. */
  readonly source: string;
  readonly trust?: Trust;
  /** The risk from which it is flagged; without it, that of the trust. */
  readonly threshold?: number;
}

/** A finding in a document, and what had to be undone to see it. */
export interface DocumentFinding extends Finding {
  readonly layers: readonly Layer[];
}

export interface DocumentScan {
  /** 0 to 1: how likely the text holds instructions for a model. A sign, and no more: nothing is permitted for a low one. */
  readonly risk: number;
  /** Whether the risk reaches what its source is allowed. */
  readonly flagged: boolean;
  readonly findings: readonly DocumentFinding[];
  /** The classifiers that were asked, with their versions. */
  readonly classifiers: readonly string[];
}

const MOST_FINDINGS = 200;

/**
 * Looks for instructions in a text that comes in: first what hides parts of it is undone, then rules and classifiers
 * look at every layer. Reads up to `limits.scanChars` characters; of a longer text the rest is a finding, and the text
 * is flagged. Synchronous, pure and linear.
 */
export function scanDocument(
  document: IncomingDocument,
  classifiers: readonly TextClassifier[] = [linearClassifier],
): DocumentScan {
  const { text } = document;
  const trust = document.trust ?? trustOf(document.source);
  const asked = isRequesting(document.source) ? [] : classifiers;
  const found = new Map<string, DocumentFinding>();
  const risks = new Map<string, number>();
  const add = (finding: Finding, one: UnfoldedText, weight: number) => {
    const placed: DocumentFinding = { ...finding, ...one.outerSpan(finding.start, finding.end), layers: one.layers };
    const key = `${placed.detector} ${placed.kind} ${placed.start} ${placed.end}`;
    if (found.size < MOST_FINDINGS && !found.has(key)) found.set(key, placed);
    // The same sign twice is one sign; that it was hidden counts as a second one.
    const own = one.layers.some((layer) => HIDING.has(layer)) ? 1 - (1 - weight) ** 2 : weight;
    const sign = finding.kind;
    risks.set(sign, Math.max(risks.get(sign) ?? 0, own));
  };
  const read = text.length > limits.scanChars ? text.slice(0, limits.scanChars) : text;
  const { texts, complete } = unfold(read);
  const [whole] = texts;
  if (whole) {
    for (const finding of surveyText(read).isPrintable ? [] : hiddenText.detect(read))
      add(finding, whole, HIDDEN_WEIGHT[finding.severity]);
    if (read.length < text.length) add({ ...NOT_SCANNED, start: read.length, end: text.length }, whole, 1);
    if (!complete) add({ ...NOT_SCANNED, kind: 'too-many-layers', start: 0, end: read.length }, whole, 0.4);
  }
  for (const one of texts) {
    for (const finding of injectedText.detect(one.text)) add(finding, one, RULE_WEIGHT[finding.confidence]);
    // A command that is encoded is there to be run unseen.
    if (one.layers.some((layer) => ENCODING.has(layer)))
      for (const finding of shellShapes.detect(one.text)) add(finding, one, RULE_WEIGHT.high);
    if (isSuperseded(one, texts)) continue;
    for (const classifier of asked) {
      for (const { start, end, likelihood } of classifier.classify(one.text))
        add(toFinding(classifier, start, end, likelihood), one, likelihood);
    }
  }
  let harmless = 1;
  for (const weight of risks.values()) harmless *= 1 - weight;
  const risk = Math.floor((1 - harmless) * 1_000) / 1_000;
  return {
    risk,
    flagged: risk >= (document.threshold ?? flagAt[trust]),
    findings: [...found.values()].sort((a, b) => a.start - b.start || b.end - a.end),
    classifiers: asked.map(({ name }) => name),
  };
}

/** What a finding of the rules adds to the risk. */
export const RULE_WEIGHT: Readonly<Record<Finding['confidence'], number>> = { high: 0.85, medium: 0.35, low: 0.1 };
const HIDDEN_WEIGHT: Readonly<Record<Finding['severity'], number>> = { high: 0.4, medium: 0.15, low: 0.05 };
const NOT_SCANNED = { detector: 'scan-document', kind: 'not-scanned', severity: 'high', confidence: 'high' } as const;

/** Layers that a reader of the text does not see through. Links and pages have the others without any harm meant. */
const HIDING: ReadonlySet<Layer> = new Set<Layer>([
  'invisible',
  'look-alikes',
  'html-style',
  'base64',
  'base32',
  'hex',
  'rot13',
  'reversed',
  'unicode-tags',
  'variation-selectors',
]);
const ENCODING: ReadonlySet<Layer> = new Set<Layer>([
  'base64',
  'base32',
  'hex',
  'rot13',
  'reversed',
  'unicode-tags',
  'variation-selectors',
]);
/** Layers that keep the whole text, with parts of it written plainly. */
const REWRITING: ReadonlySet<Layer> = new Set<Layer>([
  'invisible',
  'look-alikes',
  'percent',
  'escapes',
  'entities',
  'markup',
]);

/** A text and what is under it, without what is there in a plainer form. */
export function listReadable(text: string): UnfoldedText[] {
  const { texts } = unfold(text);
  return texts.filter((one) => !isSuperseded(one, texts));
}

/** Whether the same text is there in a plainer form, so that classifiers need not read it twice. */
function isSuperseded(one: UnfoldedText, texts: readonly UnfoldedText[]): boolean {
  return texts.some(
    (other) =>
      other.layers.length === one.layers.length + 1 &&
      REWRITING.has(other.layers.at(-1) ?? 'base64') &&
      one.layers.every((layer, depth) => other.layers[depth] === layer),
  );
}

export function toFinding(
  classifier: Pick<TextClassifier, 'name'>,
  start: number,
  end: number,
  likelihood: number,
): Finding {
  return {
    detector: classifier.name,
    kind: 'instruction-like',
    start,
    end,
    severity: likelihood >= 0.5 ? 'medium' : 'low',
    confidence: likelihood >= 0.9 ? 'high' : likelihood >= 0.5 ? 'medium' : 'low',
  };
}
