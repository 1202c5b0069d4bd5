/**
 * `chaperone/wasm`: sandboxes for snippets where there is no Node: a browser, an edge runtime. Imports no built-in of
 * Node. A worker calls `serveSnippets`; whoever started it runs snippets through a `SnippetPool`.
 */
export { serveSnippets } from './adapters/sandboxes/quickjs/serve-snippets.ts';
export type {
  FromWorker,
  Snippet,
  SnippetResult,
  SnippetThread,
  ToWorker,
} from './adapters/sandboxes/quickjs/snippet.ts';
export {
  type SnippetJob,
  SnippetPool,
  type SnippetPoolOptions,
  type WasiJob,
  type WasiResult,
} from './adapters/sandboxes/quickjs/snippet-pool.ts';
