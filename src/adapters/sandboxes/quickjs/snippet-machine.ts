import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSWASMModule,
  RELEASE_SYNC,
} from 'quickjs-emscripten';
import { PRELUDE } from './prelude.ts';
import type { Snippet, SnippetEnding } from './snippet.ts';

/** As far as it is used here: the types of browsers are not loaded, and those of Node do not have it. */
declare const WebAssembly: {
  readonly Memory: new (pages: { readonly initial: number; readonly maximum: number }) => object;
};

const PAGE_BYTES = 65_536;
/** What the machine needs for itself before it runs anything. */
const LEAST_PAGES = 256;

/** A JavaScript engine in a WebAssembly instance of its own, whose memory cannot grow beyond what it was made with. */
export interface SnippetMachine {
  /** Runs one snippet. Never rejects. The machine is used up by it. */
  run(snippet: Snippet, call: (name: string, json: string) => Promise<string>): Promise<SnippetEnding>;
}

export async function prepareMachine(memoryBytes: number): Promise<SnippetMachine> {
  const maximum = Math.max(LEAST_PAGES, Math.floor(memoryBytes / PAGE_BYTES));
  const wasmMemory = new WebAssembly.Memory({ initial: LEAST_PAGES, maximum });
  const module = await newQuickJSWASMModuleFromVariant(newVariant(RELEASE_SYNC, { wasmMemory }));
  const context = openContext(module);
  return { run: (snippet, call) => runIn(context, snippet, call) };
}

function openContext(module: QuickJSWASMModule): QuickJSContext {
  const runtime = module.newRuntime();
  runtime.setMaxStackSize(512 * 1_024);
  // No loader: `import` finds nothing.
  return runtime.newContext();
}

async function runIn(
  context: QuickJSContext,
  snippet: Snippet,
  call: (name: string, json: string) => Promise<string>,
): Promise<SnippetEnding> {
  const printed = { out: '', error: '' };
  let left = snippet.outputBytes;
  let readFiles: QuickJSHandle | undefined;
  const finish = (end: SnippetEnding['end'], exitCode: 0 | 1, value?: string): SnippetEnding => ({
    end,
    exitCode,
    ...(value === undefined ? {} : { value }),
    stdout: printed.out,
    stderr: printed.error,
    files: exitCode === 0 && readFiles !== undefined ? readJson(context, readFiles) : snippet.files,
  });
  try {
    const print = context.newFunction('', (stream, text) => {
      const line = context.getString(text);
      left -= line.length;
      if (left < 0) throw new OutputFull();
      printed[context.getString(stream) === 'error' ? 'error' : 'out'] += line;
    });
    const ask = context.newFunction('', (name, json) =>
      openCall(context, context.getString(name), context.getString(json), call),
    );
    const prelude = context.unwrapResult(context.evalCode(PRELUDE, 'prelude'));
    const given = [JSON.stringify(snippet.functions), JSON.stringify(snippet.files)].map((text) =>
      context.newString(text),
    );
    const [names, files] = given;
    if (names === undefined || files === undefined) throw new Error('two texts were made above');
    readFiles = context.unwrapResult(context.callFunction(prelude, context.undefined, ask, print, names, files));

    const wrapped = `(async () => {\n${snippet.source}\n})()`;
    const evaluated = context.evalCode(wrapped, 'snippet.js', { strict: true });
    const promise = context.unwrapResult(evaluated);
    const settled = context.resolvePromise(promise);
    pump(context);
    const result = context.unwrapResult(await settled);
    return left < 0 ? finish('output', 1) : finish('exit', 0, readValue(context, result));
  } catch (error) {
    const told = describe(error);
    if (left < 0) return finish('output', 1);
    printed.error += `${told}\n`;
    return finish(/out of memory|memory access out of bounds|Aborted/.test(told) ? 'memory' : 'exit', 1);
  }
}

class OutputFull extends Error {}

/** A promise of the machine that is settled when the host has answered. */
function openCall(
  context: QuickJSContext,
  name: string,
  json: string,
  call: (name: string, json: string) => Promise<string>,
): QuickJSHandle {
  const deferred = context.newPromise();
  call(name, json).then(
    (answer) => context.newString(answer).consume((handle) => deferred.resolve(handle)),
    (error: unknown) =>
      context
        .newError(error instanceof Error ? error.message : 'the call failed')
        .consume((handle) => deferred.reject(handle)),
  );
  void deferred.settled.then(() => pump(context));
  return deferred.handle;
}

/** Runs what is waiting in the machine. What breaks in it shows where the snippet’s own promise is looked at. */
function pump(context: QuickJSContext): void {
  const { error } = context.runtime.executePendingJobs();
  error?.dispose();
}

/** What it came to, as JSON; nothing for what is none. */
function readValue(context: QuickJSContext, handle: QuickJSHandle): string | undefined {
  const json = context.getProp(context.global, 'JSON');
  const stringify = context.getProp(json, 'stringify');
  const text = context.callFunction(stringify, context.undefined, handle);
  if (text.error !== undefined || context.typeof(text.value) !== 'string') return undefined;
  return context.getString(text.value);
}

function readJson(context: QuickJSContext, read: QuickJSHandle): Readonly<Record<string, string>> {
  const text = context.unwrapResult(context.callFunction(read, context.undefined));
  return JSON.parse(context.getString(text)) as Record<string, string>; // the prelude holds nothing but texts
}

/** What the code threw, as it would be printed. Cut: it is the code that wrote it. */
function describe(error: unknown): string {
  if (error instanceof OutputFull) return 'out of room for output';
  if (!(error instanceof Error)) return 'something was thrown that is not an error';
  const cause = error.cause;
  const thrown =
    cause !== undefined && typeof cause === 'object' ? (cause as { name?: unknown; message?: unknown }) : error;
  return `${String(thrown?.name ?? 'Error')}: ${String(thrown?.message ?? cause ?? error.message)}`.slice(0, 4_096);
}
