/**
 * Runs the test suite: `node scripts/test.ts [check]`. `check` runs the quick layer only. Closes with one plain line,
 * `N passed, N failed, N skipped`, and fails on a skip in CI.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { provideNeeds } from './needs.ts';

const QUICK = ['unit', 'tidy', 'docs', 'vectors'];

const layer = process.argv[2] ?? 'test';
const inCi = process.env['CI'] === 'true';
const missing = layer === 'test' ? provideNeeds() : [];
if (inCi && missing.length > 0) {
  process.stderr.write(`CI needs every program: ${missing.map((need) => need.program).join(', ')}\n`);
  process.exit(1);
}

/** Half of what a gateway, a command or a thread takes to start is reading its own source: it is kept for the next one. */
const compiled = resolve('node_modules/.cache/compiled');

const folder = mkdtempSync(join(tmpdir(), 'chaperone-test-'));
const report = join(folder, 'report.json');
const projects = layer === 'check' ? QUICK.flatMap((name) => ['--project', name]) : [];
const run = spawnSync(
  process.execPath,
  [
    join('node_modules', 'vitest', 'vitest.mjs'),
    'run',
    ...projects,
    ...process.argv.slice(3),
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ],
  { stdio: ['ignore', 'inherit', 'inherit'], env: { NODE_COMPILE_CACHE: compiled, ...process.env } },
);
const counts = readCounts();
rmSync(folder, { recursive: true, force: true });
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
const skippedInCi = inCi && counts.skipped > 0;
if (skippedInCi) process.stderr.write('CI forbids skipped tests\n');
process.exit(run.status !== 0 || counts.passed === 0 || skippedInCi ? 1 : 0);

function readCounts(): { passed: number; failed: number; skipped: number } {
  try {
    const json = JSON.parse(readFileSync(report, 'utf8')) as Record<string, number>;
    const skipped = (json['numPendingTests'] ?? 0) + (json['numTodoTests'] ?? 0);
    return { passed: json['numPassedTests'] ?? 0, failed: json['numFailedTests'] ?? 0, skipped };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}
