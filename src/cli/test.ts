import { glob, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { openConfig } from '../app/open-config.ts';
import { runCases } from '../app/run-cases.ts';
import { Fault } from '../base/fault.ts';
import { printPlace } from '../model/place.ts';
import type { CommandContext } from './command-context.ts';
import { printNotice } from './print-notice.ts';

/** Runs policy cases from YAML: those named, or every `*.cases.yaml` beside the configuration and below. */
export async function test(context: CommandContext, files: readonly string[]): Promise<void> {
  const { terminal } = context;
  const loaded = await openConfig(context.configPath, context.cwd);
  const paths = files.length > 0 ? files.map((file) => resolve(context.cwd, file)) : await findCases(context);
  if (paths.length === 0) throw new Fault('E_USAGE', 'no cases: name a file, or add one called `*.cases.yaml`');
  const texts = await Promise.all(paths.map(async (path) => ({ file: path, text: await readCases(path) })));
  const report = await runCases(loaded, texts, context.env, printNotice(terminal));
  const failures = report.results.filter((result) => !result.passed);
  terminal.data(
    {
      passed: report.passed,
      failed: report.failed,
      failures: failures.map((result) => ({ name: result.case.name, failure: result.failure ?? '' })),
      uncovered: report.coverage.uncovered.map(({ id, place }) => ({ id, place: printPlace(place) })),
    },
    [
      ...failures.map((result) => `${terminal.style('red', 'failed')}  ${result.case.name}: ${result.failure ?? ''}`),
      `${report.passed} passed, ${report.failed} failed; ${report.coverage.covered.length} of ${
        report.coverage.covered.length + report.coverage.uncovered.length
      } rules are told apart by a case`,
      ...report.coverage.uncovered.map(({ id, place }) => `  no case shows ${id} (${printPlace(place)})`),
    ],
  );
  if (report.failed > 0) throw new Fault('E_TESTS_FAILED', `${report.failed} of ${report.results.length} cases failed`);
}

async function findCases({ configPath, cwd }: CommandContext): Promise<readonly string[]> {
  const folder = dirname(resolve(cwd, configPath));
  const found: string[] = [];
  for await (const file of glob('**/*.cases.yaml', { cwd: folder, exclude: (name) => name === 'node_modules' })) {
    found.push(join(folder, file));
  }
  return found.sort();
}

async function readCases(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new Fault('E_CONFIG', `\`${path}\` cannot be read`, { cause: error });
  }
}
