import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import openWabt from 'wabt';
import { callingModule } from '../escape/wasi-probes.ts';
import { listImports, readSourceFiles } from '../tidy/source-files.ts';

const root = new URL('../..', import.meta.url).pathname;
const CHROMIUM = '/usr/bin/chromium';

const ISOLATED = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };

const PAGE = `
import { SnippetPool } from '/src/wasm.ts';
const start = () => {
  const worker = new Worker('/worker.js', { type: 'module' });
  return {
    post: (message) => worker.postMessage(message),
    onMessage: (take) => { worker.onmessage = ({ data }) => take(data); },
    onEnd: (end) => { worker.onerror = end; },
    terminate: async () => worker.terminate(),
  };
};
const pool = new SnippetPool({ start, ready: 1 });
window.runSnippet = (source) => pool.run({
  snippet: { source, functions: ['crm/search'], outputBytes: 1_000, files: {} },
  memoryBytes: 64 * 1_048_576,
  timeMs: 5_000,
  onCall: async (name, argument) => ({ name, argument }),
});
window.runModule = async (bytes) => {
  const { came, strangeCalls } = await pool.runWasi({
    run: {
      module: Uint8Array.from(bytes), args: [], stdin: new Uint8Array(), files: [], functions: ['crm/search'],
      memoryBytes: 64 * 1_048_576, outputBytes: 1_000, spaceBytes: 1_000_000,
    },
    timeMs: 60_000,
    onCall: async (name, argument) => ({ name, argument }),
  });
  return { strangeCalls, stdout: new TextDecoder().decode(came.stdout) };
};
window.ready = true;
`;
const WORKER = `
import { serveSnippets } from '/src/wasm.ts';
serveSnippets((message) => postMessage(message), (take) => { onmessage = ({ data }) => take(data); });
`;

let server: Server;
let browser: Browser;
let address: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    void serve(new URL(request.url ?? '/', 'http://x').pathname).then(
      // A page of its own alone is given memory that it shares with its workers.
      ({ type, body }) => response.writeHead(200, { ...ISOLATED, 'content-type': type }).end(body),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  // Root has no user namespace for a browser to hide in; what is shown is our own page.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  browser = await chromium.launch({ executablePath: CHROMIUM, args, timeout: 60_000 });
});
afterAll(async () => {
  await browser.close();
  server.close();
});

/** What a bundler would do, and no more: types taken out, names of packages made paths. */
async function serve(path: string): Promise<{ type: string; body: string | Buffer }> {
  const type = 'text/javascript';
  if (path === '/') return { type: 'text/html', body: `<script type="module" src="/page.js"></script>` };
  if (path === '/page.js') return { type, body: PAGE };
  if (path === '/worker.js') return { type, body: WORKER };
  const file = join(root, path);
  if (path.endsWith('.wasm')) return { type: 'application/wasm', body: await readFile(file) };
  const text = await readFile(file, 'utf8');
  return { type, body: resolveNames(path.endsWith('.ts') ? stripTypeScriptTypes(text) : text, file) };
}

function resolveNames(text: string, file: string): string {
  return text.replace(/(\bfrom\s*|\bimport\(\s*|\bimport\s*)(['"])([@\w][^'"]*)\2/g, (_, before, quote, name) => {
    const found = find(name, file);
    return `${before}${quote}/${relative(root, found)}${quote}`;
  });
}

function find(name: string, from: string): string {
  const required = createRequire(pathToFileURL(from)).resolve(name);
  const folder = dirname(required);
  if (name.endsWith('/emscripten-module')) return join(folder, 'emscripten-module.browser.mjs');
  return required
    .replace(/\.js$/, '.mjs')
    .replace(/browser_wasi_shim\/dist\/(.*)\.mjs$/, 'browser_wasi_shim/dist/$1.js');
}

describe('chaperone/wasm', () => {
  it('imports no built-in of Node, however far down', () => {
    const files = new Map(readSourceFiles('src').map((file) => [file.path, file.text]));
    const seen = new Set<string>();
    const walk = (path: string): void => {
      if (seen.has(path)) return;
      seen.add(path);
      for (const name of listImports(files.get(path) ?? '')) {
        expect(name, path).not.toMatch(/^node:/);
        if (name.startsWith('.')) walk(join(dirname(path), name));
      }
    };
    walk('src/wasm.ts');
    expect(seen.size).toBeGreaterThan(5);
  });

  it('runs snippets in a real browser, calls what they are given and ends what does not end', async () => {
    const page = await browser.newPage();
    await page.goto(address);
    await page.waitForFunction('window.ready', undefined, { timeout: 60_000 });
    const run = (source: string) => page.evaluate(`window.runSnippet(${JSON.stringify(source)})`);

    expect(await run(`console.log('hello'); return await tools.crm.search({ name: 'x' })`)).toMatchObject({
      end: 'exit',
      exitCode: 0,
      stdout: 'hello\n',
      value: { name: 'crm/search', argument: { name: 'x' } },
    });
    expect(await run(`return [typeof window, typeof document, typeof fetch, typeof postMessage]`)).toMatchObject({
      value: ['undefined', 'undefined', 'undefined', 'undefined'],
    });
    expect(await run(`for (;;);`)).toMatchObject({ end: 'time' });
    expect(await run(`const held = []; for (;;) held.push(new Uint8Array(1_000_000))`)).toMatchObject({
      end: 'memory',
    });
  });

  it('runs WASI modules in a real browser, which call what they are given and nothing else', async () => {
    const page = await browser.newPage();
    await page.goto(address);
    await page.waitForFunction('window.ready', undefined, { timeout: 60_000 });
    const wabt = await openWabt();
    const run = (tool: string) => {
      const module = wabt.parseWat('module.wat', callingModule([tool], '{}')).toBinary({}).buffer;
      return page.evaluate(`window.runModule(${JSON.stringify([...module])})`);
    };
    expect(await run('crm/search')).toEqual({ strangeCalls: 0, stdout: '+{"name":"crm/search","argument":{}}\n' });
    expect(await run('bank/pay')).toEqual({ strangeCalls: 1, stdout: '' });
  });
});
