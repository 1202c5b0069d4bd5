import type { ToolResult } from '../model/result.ts';
import type { ClassifiedPart } from './injected-text-classifier.ts';
import { type DocumentFinding, type DocumentScan, listReadable, toFinding } from './scan-document.ts';
import { placeIn, readTexts, type ScannedResult } from './scan-result.ts';

/** A classifier that takes its time: a model that another program runs. Rejects where it could not look. */
export interface SlowClassifier {
  readonly name: string;
  classify(text: string): Promise<readonly ClassifiedPart[]>;
}

interface Classified {
  readonly risk: number;
  readonly findings: readonly DocumentFinding[];
}

/** What a further classifier says is added: a risk only ever rises, and nothing that was found is taken back. */
export async function addToDocument(
  scan: DocumentScan,
  text: string,
  threshold: number,
  classifier: SlowClassifier,
): Promise<DocumentScan> {
  const { risk, findings } = await classifyLayers(text, classifier);
  const joined = joinRisks(scan.risk, risk);
  return {
    risk: joined,
    flagged: scan.flagged || joined >= threshold,
    findings: [...scan.findings, ...findings],
    classifiers: [...scan.classifiers, classifier.name],
  };
}

/** The same for a result, all of whose texts are read together, as they came. */
export async function addToResult(
  scan: ScannedResult,
  came: ToolResult,
  threshold: number,
  classifier: SlowClassifier,
): Promise<ScannedResult> {
  const read = readTexts(came);
  const { risk, findings } = await classifyLayers(read.text, classifier);
  const joined = joinRisks(scan.risk, risk);
  return {
    ...scan,
    risk: joined,
    flagged: scan.flagged || joined >= threshold,
    findings: [...scan.findings, ...findings.map((finding) => placeIn(read.pieces, finding))],
    classifiers: [...scan.classifiers, classifier.name],
  };
}

const joinRisks = (a: number, b: number): number => Math.max(a, Math.floor((1 - (1 - a) * (1 - b)) * 1_000) / 1_000);

/** Every layer of a text that is not there in a plainer form. */
async function classifyLayers(text: string, classifier: SlowClassifier): Promise<Classified> {
  let risk = 0;
  const findings: DocumentFinding[] = [];
  for (const layer of listReadable(text)) {
    for (const { start, end, likelihood } of await classifier.classify(layer.text)) {
      risk = Math.max(risk, likelihood);
      const finding = toFinding(classifier, start, end, likelihood);
      findings.push({ ...finding, ...layer.outerSpan(start, end), layers: layer.layers });
    }
  }
  return { risk, findings };
}
