import { parse } from 'yaml';
import { z } from 'zod';
import { systemClock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { ToolName } from '../model/tool.ts';
import { runTestCases, type TestCase, type TestReport, testFileSchema } from '../policy/test-cases.ts';
import type { LoadedConfig } from './config/load-config.ts';
import type { Notify } from './notice.ts';
import { openCatalog } from './open-catalog.ts';

/**
 * Runs policy cases against a configuration and the tools its servers list now. Throws a `Fault` E_CONFIG that names
 * the file where a case is not understood.
 */
export async function runCases(
  loaded: LoadedConfig,
  files: readonly { readonly file: string; readonly text: string }[],
  environment: Readonly<Record<string, string | undefined>>,
  notify: Notify,
): Promise<TestReport> {
  const cases = files.flatMap(({ file, text }) => readCases(file, text));
  const { catalog } = await openCatalog(loaded, environment, notify);
  return runTestCases(
    { version: 1, cases },
    {
      kernel: catalog.kernel,
      tenant: loaded.manifest.tenant,
      tools: new Map([...catalog.tools].map(([name, entry]) => [name as ToolName, entry.governed])),
      nowMs: systemClock.nowMs(),
      checkArguments({ tool, principal, arguments: args }) {
        const entry = catalog.tools.get(tool.name);
        if (entry?.disabled)
          return { verdict: 'deny', reasons: [entry.disabled], obligations: [], bundle: catalog.bundle };
        const checked = entry?.checkFor(principal.agent).check(args, principal);
        if (checked === undefined || checked.ok) return undefined;
        return { verdict: 'deny', reasons: checked.reasons, obligations: [], bundle: catalog.bundle };
      },
    },
  );
}

function readCases(file: string, text: string): readonly TestCase[] {
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 0 });
  } catch (error) {
    throw new Fault('E_CONFIG', `${file}: ${error instanceof Error ? error.message : 'not YAML'}`, { cause: error });
  }
  const parsed = testFileSchema.safeParse(value);
  if (!parsed.success) throw new Fault('E_CONFIG', `${file}: ${z.prettifyError(parsed.error)}`);
  return parsed.data.cases;
}
