import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type Revision = '2026-07-28' | '2025-11-25';

/** The outcome of every check of a run: `scenario/check#n` to its status, `n` counting checks of one name. */
export type SuiteResult = ReadonlyMap<string, { readonly status: string; readonly message: string }>;

interface Check {
  readonly id: string;
  readonly name?: string;
  readonly status: string;
  readonly errorMessage?: string;
}

const PROGRAM = fileURLToPath(
  new URL('../../../node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url),
);

/** Runs the official conformance suite for one revision of the protocol against a server. */
export async function runSuite(url: URL, revision: Revision): Promise<SuiteResult> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-conformance-'));
  try {
    await run(['server', '--url', url.href, '--requirements', revision, '-o', folder]);
    const results = new Map<string, { status: string; message: string }>();
    for (const entry of await readdir(folder)) {
      const scenario = entry.replace(/^server-/, '').replace(/-\d{4}-\d\d-\d\dT[\d-]+Z$/, '');
      // Written by the suite, whose format is pinned with it.
      const checks = JSON.parse(await readFile(join(folder, entry, 'checks.json'), 'utf8')) as Check[];
      const counts = new Map<string, number>();
      for (const { id, name = '', status, errorMessage = '' } of checks) {
        const key = `${scenario}/${id}/${name}`;
        const count = (counts.get(key) ?? 0) + 1;
        counts.set(key, count);
        results.set(`${key}#${count}`, { status, message: errorMessage });
      }
    }
    return results;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The suite exits with 1 when a check fails; which ones is read from what it wrote. */
function run(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => {
      complaint = `${complaint}${chunk.toString('utf8')}`.slice(-2_000);
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0 || code === 1) resolve();
      else reject(new Error(`the conformance suite ended with ${code}: ${complaint}`));
    });
  });
}
