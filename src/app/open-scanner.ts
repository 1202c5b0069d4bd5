import { resolve } from 'node:path';
import { openOnnxClassifier } from '../adapters/scanners/onnx/open-onnx-classifier.ts';
import { withClassifiers } from '../adapters/scanners/onnx/with-classifiers.ts';
import { createThreadScanner } from '../adapters/scanners/threads/create-thread-scanner.ts';
import type { Scanner } from '../ports/scanner.ts';
import type { LoadedConfig } from './config/load-config.ts';

/**
 * The scanner of this process, with the classifiers that the configuration names. Its threads are started when something
 * large comes. Throws a `Fault` E_CONFIG for a classifier that cannot be opened.
 */
export async function openScanner(loaded?: Pick<LoadedConfig, 'manifest' | 'folder'>): Promise<Scanner> {
  const named = loaded?.manifest.classifiers ?? [];
  const folder = loaded?.folder ?? '.';
  const classifiers = await Promise.all(
    named.map(({ model, vocabulary, lowercase, window, label }) =>
      openOnnxClassifier({
        folder,
        model: resolve(folder, model),
        vocabulary: resolve(folder, vocabulary),
        lowercase,
        window,
        label,
      }),
    ),
  );
  return withClassifiers(createThreadScanner(), classifiers);
}
