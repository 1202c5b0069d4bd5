import { Fault } from '../../../base/fault.ts';
import type { Scanner } from '../../../ports/scanner.ts';
import { addToDocument, addToResult, type SlowClassifier } from '../../../scan/add-classified.ts';
import { flagAt, isRequesting, trustOf } from '../../../scan/source-trust.ts';

/**
 * The same scanner, with classifiers that are asked after everything else about what comes in. They only add: what the
 * scanner found stands. What they could not look at counts as not scanned. `classifiers` are ready once they are loaded.
 */
export function withClassifiers(scanner: Scanner, classifiers: readonly SlowClassifier[]): Scanner {
  if (classifiers.length === 0) return scanner;
  return {
    async scanResult(came, rule, chars) {
      let scan = await scanner.scanResult(came, rule, chars);
      if (isRequesting(rule.source)) return scan;
      for (const classifier of classifiers)
        scan = await asScan(classifier, () => addToResult(scan, came, rule.threshold, classifier));
      return scan;
    },
    async scanDocument(document) {
      let scan = await scanner.scanDocument(document);
      if (isRequesting(document.source)) return scan;
      const threshold = document.threshold ?? flagAt[document.trust ?? trustOf(document.source)];
      for (const classifier of classifiers)
        scan = await asScan(classifier, () => addToDocument(scan, document.text, threshold, classifier));
      return scan;
    },
    scanArguments: (args, rules, chars) => scanner.scanArguments(args, rules, chars),
    close: () => scanner.close(),
  };
}

async function asScan<T>({ name }: SlowClassifier, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw new Fault('E_SCAN', `the classifier \`${name}\` failed`, { cause });
  }
}
