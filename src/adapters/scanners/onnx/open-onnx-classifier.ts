import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Fault } from '../../../base/fault.ts';
import { limits } from '../../../base/limits.ts';
import type { SlowClassifier } from '../../../scan/add-classified.ts';
import type { ClassifiedPart } from '../../../scan/injected-text-classifier.ts';
import { readVocabulary, splitPieces, type TextPiece, type Vocabulary } from '../../../scan/wordpiece.ts';

export interface OnnxClassifierOptions {
  /** Where the runtime is looked for: `onnxruntime-node` of this folder or one above it. */
  readonly folder: string;
  readonly model: string;
  readonly vocabulary: string;
  readonly lowercase: boolean;
  /** Pieces that are read at once, the two at its ends included. */
  readonly window: number;
  /** Which of the model's outputs says that a text gives orders; the last, unless told. */
  readonly label?: number | undefined;
  readonly timeoutMs?: number;
}

/** The few things that are used of the runtime. */
interface Tensor {
  readonly data: ArrayLike<number>;
  readonly dims: readonly number[];
}
interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, Tensor>>>;
}
interface Runtime {
  readonly Tensor: new (type: 'int64', data: BigInt64Array, dims: readonly number[]) => unknown;
  readonly InferenceSession: { create(path: string): Promise<Session> };
}

const PACKAGE = 'onnxruntime-node';
const BATCH = 8;
const MOST_PARTS = 20;
/** Less than this is not worth telling. */
const LEAST = 0.2;

/**
 * A classifier from a file: a model in ONNX form that takes `input_ids`, and `attention_mask` and `token_type_ids` where
 * it has them, and whose first output is one row of numbers for each text; and the WordPiece vocabulary it was trained
 * with. Its runtime is a package that whoever wants this installs. Throws a `Fault` E_CONFIG.
 */
export async function openOnnxClassifier(options: OnnxClassifierOptions): Promise<SlowClassifier> {
  const { model, lowercase, window, label, timeoutMs = limits.scanTimeoutMs } = options;
  const runtime = await loadRuntime(options.folder);
  const vocabulary = readPieces(await readBytes(options.vocabulary), options.vocabulary, lowercase);
  const name = `onnx-${createHash('sha256')
    .update(await readBytes(model))
    .digest('hex')
    .slice(0, 12)}`;
  const session = await openSession(runtime, model);
  return {
    name,
    async classify(text) {
      const windows = cutWindows(splitPieces(text, vocabulary), window - 2);
      const parts: ClassifiedPart[] = [];
      const deadlineNs = process.hrtime.bigint() + BigInt(timeoutMs) * 1_000_000n;
      for (let at = 0; at < windows.length; at += BATCH) {
        if (process.hrtime.bigint() > deadlineNs)
          throw new Fault('E_SCAN', `\`${name}\` took longer than ${timeoutMs} ms`);
        const batch = windows.slice(at, at + BATCH);
        const scores = await score(runtime, session, vocabulary, batch, label);
        for (const [i, likelihood] of scores.entries()) {
          const [start, end] = [batch[i]?.at(0)?.start ?? 0, batch[i]?.at(-1)?.end ?? 0];
          if (likelihood >= LEAST) parts.push({ start, end, likelihood });
        }
      }
      return parts.sort((a, b) => b.likelihood - a.likelihood).slice(0, MOST_PARTS);
    },
  };
}

async function loadRuntime(folder: string): Promise<Runtime> {
  let file: string;
  try {
    file = createRequire(join(folder, 'chaperone.yaml')).resolve(PACKAGE);
  } catch (cause) {
    throw new Fault('E_CONFIG', `\`classifiers\` need a package: npm i ${PACKAGE}`, { cause });
  }
  try {
    const loaded = (await import(pathToFileURL(file).href)) as { default?: Runtime } & Partial<Runtime>;
    const runtime = loaded.InferenceSession === undefined ? loaded.default : (loaded as Runtime);
    if (runtime?.InferenceSession !== undefined) return runtime;
  } catch (cause) {
    throw new Fault('E_CONFIG', `\`${PACKAGE}\` cannot be loaded`, { cause });
  }
  throw new Fault('E_CONFIG', `\`${PACKAGE}\` is not what it was expected to be`);
}

async function readBytes(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new Fault('E_CONFIG', `\`${file}\` cannot be read`, { cause });
  }
}

function readPieces(bytes: Buffer, file: string, lowercase: boolean): Vocabulary {
  try {
    return readVocabulary(bytes.toString('utf8'), lowercase);
  } catch (cause) {
    throw new Fault('E_CONFIG', `\`${file}\`: ${(cause as RangeError).message}`, { cause });
  }
}

async function openSession(runtime: Runtime, model: string): Promise<Session> {
  try {
    const session = await runtime.InferenceSession.create(model);
    if (session.inputNames.includes('input_ids')) return session;
  } catch (cause) {
    throw new Fault('E_CONFIG', `\`${model}\` is no model that can be run`, { cause });
  }
  throw new Fault('E_CONFIG', `\`${model}\` takes no \`input_ids\``);
}

/** Windows that overlap by half, so that nothing is only ever seen cut in two. */
function cutWindows(pieces: readonly TextPiece[], length: number): (readonly TextPiece[])[] {
  const windows: (readonly TextPiece[])[] = [];
  for (let from = 0; from < pieces.length; from += Math.ceil(length / 2)) {
    windows.push(pieces.slice(from, from + length));
    if (from + length >= pieces.length) break;
  }
  return windows;
}

/** How likely each window holds orders, 0 to 1. What the model answers in no form that is known is no answer. */
async function score(
  runtime: Runtime,
  session: Session,
  vocabulary: Vocabulary,
  windows: readonly (readonly TextPiece[])[],
  label: number | undefined,
): Promise<number[]> {
  const width = Math.max(...windows.map((pieces) => pieces.length)) + 2;
  const dims = [windows.length, width];
  const ids = new BigInt64Array(windows.length * width).fill(BigInt(vocabulary.padding));
  const mask = new BigInt64Array(windows.length * width);
  for (const [row, pieces] of windows.entries()) {
    for (const [at, id] of [vocabulary.start, ...pieces.map((piece) => piece.id), vocabulary.end].entries()) {
      ids[row * width + at] = BigInt(id);
      mask[row * width + at] = 1n;
    }
  }
  const inputs: Readonly<Record<string, BigInt64Array>> = {
    input_ids: ids,
    attention_mask: mask,
    token_type_ids: new BigInt64Array(ids.length),
  };
  const feeds = Object.fromEntries(
    session.inputNames.map((name) => {
      const data = inputs[name];
      if (data === undefined) throw new Fault('E_SCAN', `the model wants \`${name}\``);
      return [name, new runtime.Tensor('int64', data, dims)];
    }),
  );
  let output: Tensor | undefined;
  try {
    output = (await session.run(feeds))[session.outputNames[0] ?? ''];
  } catch (cause) {
    throw new Fault('E_SCAN', 'the model failed', { cause });
  }
  const classes = output?.dims.at(-1) ?? 0;
  if (output === undefined || output.data.length !== windows.length * classes || classes === 0)
    throw new Fault('E_SCAN', 'the model’s answer has another form than expected');
  return windows.map((_, row) =>
    likelihoodOf(
      Array.from({ length: classes }, (_, i) => Number(output.data[row * classes + i])),
      label,
    ),
  );
}

/** Of one number its sigmoid, of several the share that the one that counts has of them. */
function likelihoodOf(logits: readonly number[], label: number | undefined): number {
  const [only] = logits;
  if (logits.some((value) => Number.isNaN(value))) throw new Fault('E_SCAN', 'the model’s answer is no number');
  if (logits.length === 1 && only !== undefined) return 1 / (1 + Math.exp(-only));
  const most = Math.max(...logits);
  const shares = logits.map((value) => Math.exp(value - most));
  const own = shares[label ?? shares.length - 1];
  if (own === undefined) throw new Fault('E_SCAN', 'the model has no output of that number');
  return own / shares.reduce((sum, share) => sum + share, 0);
}
