import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ConfigFault } from '../app/config/config-problem.ts';
import type { LoadedConfig } from '../app/config/load-config.ts';
import { pendingPath } from '../app/config/pending.ts';
import { readDataDespite } from '../app/config/read-data-despite.ts';
import { openConfig, openRecord, openRecordFor } from '../app/open-config.ts';
import { requireLocal } from '../app/people/identify-local.ts';
import { performAct } from '../app/people/open-acts.ts';
import { type BacktestReport, backtest as runBacktest } from '../app/replay/backtest.ts';
import { openCandidate } from '../app/replay/open-candidate.ts';
import { diffRules, readRulesInForce, readRulesToRestore, tenantOf } from '../app/replay/recorded-rules.ts';
import { recordedTools } from '../app/replay/recorded-tools.ts';
import { finishPending } from '../app/replay/replace-files.ts';
import { Rules } from '../app/replay/rules.ts';
import { writeRules } from '../app/replay/write-rules.ts';
import { systemClock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import { durationSchema } from '../model/duration.ts';
import type { CommandContext } from './command-context.ts';
import { test } from './test.ts';

/** Checks a configuration and its policies against the tools that were reviewed, without starting anything. */
export async function lint(context: CommandContext, file: string | undefined): Promise<void> {
  const { terminal } = context;
  const loaded = await openConfig(file ?? context.configPath, context.cwd);
  const { bundle, manifest, place: placeOf, policies: policyFiles } = loaded;
  const tools = await withRecord(context, (record) => recordedTools(record, manifest), []);
  const catalog = new Rules({ bundle, manifest, placeOf, policyFiles }, tools).catalog();
  const warnings = [...loaded.warnings.map(({ message }) => message), ...catalog.warnings];
  const { problems } = catalog;
  terminal.data({ bundle: catalog.bundle, warnings, problems: [...problems] }, [
    ...problems,
    ...warnings,
    `${problems.length} problems, ${warnings.length} warnings; held against ${tools.length} reviewed tools`,
  ]);
  if (problems.length > 0) throw new Fault('E_TOOL_UNREVIEWED', `${problems.length} tools are not declared`);
}

/** What a configuration would change of the rules in force. */
export async function diff(context: CommandContext, file: string | undefined): Promise<void> {
  const loaded = await openConfig(file ?? context.configPath, context.cwd);
  const inForce = await withRecord(context, readRulesInForce);
  const text = diffRules(inForce, loaded);
  context.terminal.data({ bundle: inForce.bundle, diff: text }, text === '' ? ['no difference'] : text.split('\n'));
}

/** Decides recorded traffic again under a configuration, and shows what comes out otherwise. */
export async function backtest(
  context: CommandContext,
  file: string | undefined,
  options: { readonly since: string },
): Promise<void> {
  const report = await backtestUnder(context, await openConfig(file ?? context.configPath, context.cwd), options.since);
  context.terminal.data(JSON.parse(JSON.stringify(report)), printReport(report));
}

/** Puts a configuration where the one in force lies, once its cases pass, and shows what it flips. */
export async function apply(
  context: CommandContext,
  file: string,
  options: { readonly since: string; readonly dryRun: boolean; readonly acceptFlips: boolean },
): Promise<void> {
  const { terminal, cwd, configPath } = context;
  if (dirname(resolve(cwd, file)) !== dirname(resolve(cwd, configPath)))
    throw new Fault('E_USAGE', `put \`${file}\` beside \`${configPath}\`: its paths are relative to where it lies`);
  const loaded = await openConfig(file, cwd);
  await test({ ...context, configPath: file }, []);
  const report = await backtestUnder(context, loaded, options.since);
  terminal.data(JSON.parse(JSON.stringify({ ...report, dryRun: options.dryRun })), printReport(report));
  if (options.dryRun) return;
  const flipped = report.decided - report.same;
  if (flipped > 0 && !options.acceptFlips)
    throw new Fault('E_FLIPS', `${flipped} recorded calls would be decided otherwise; nothing was changed`);
  const inForce = await openConfig(configPath, cwd);
  // What is broken off half-way is finished by whoever comes next.
  await performAct(inForce, terminal.interactive, { name: 'policy apply', what: { file, bundle: loaded.bundle } }, () =>
    writeRules(resolve(cwd, configPath), loaded, systemClock),
  );
  terminal.say(`${configPath} is what ${file} says; a running gateway takes it up. Back: chaperone policy revert`);
}

/** Writes back the rules that were in force last and that the files do not have now, however broken the files are. */
export async function revert(context: CommandContext, options: { readonly data?: string }): Promise<void> {
  const { terminal, cwd, configPath } = context;
  const path = resolve(cwd, configPath);
  const present = await openConfig(configPath, cwd).catch((error: unknown) => {
    if (!(error instanceof ConfigFault) || existsSync(pendingPath(path))) throw error;
    return undefined;
  });
  const data = options.data ?? present?.manifest.data ?? (await readDataDespite(path));
  const placed = { file: configPath, folder: dirname(path), manifest: data === undefined ? {} : { data } };
  const { people, before } = await readAndClose(await openRecord(placed), async (record) => {
    const tenant = tenantOf(await readRulesInForce(record));
    const its = { ...placed, manifest: { ...placed.manifest, tenant } };
    await requireLocal(its, 'gateway.change');
    return { people: its, before: await readRulesToRestore(record, present) };
  });
  await performAct(people, terminal.interactive, { name: 'policy revert', what: { bundle: before.bundle } }, () =>
    writeRules(path, before, systemClock),
  );
  terminal.data({ bundle: before.bundle }, [`${configPath} is what it was as bundle ${before.bundle}`]);
}

/** Puts in place what an `apply` or `revert` that was broken off has written already. */
export async function finish({ terminal, cwd, configPath }: CommandContext): Promise<void> {
  await finishPending(resolve(cwd, configPath));
  terminal.say(`nothing is pending beside ${configPath}`);
}

async function backtestUnder(context: CommandContext, loaded: LoadedConfig, since: string): Promise<BacktestReport> {
  const parsed = durationSchema.safeParse(since);
  if (!parsed.success) throw new Fault('E_USAGE', `--since expects a duration such as 7d, not \`${since}\``);
  const { tenant } = loaded.manifest;
  const sinceMs = systemClock.nowMs() - parsed.data;
  const inForce = await openConfig(context.configPath, context.cwd);
  return readAndClose(await openRecordFor(inForce, `decisions of ${since}`), async (record) => {
    const candidate = openCandidate(loaded, await recordedTools(record, loaded.manifest));
    return runBacktest(record, candidate, { tenant, sinceMs, signal: context.signal });
  });
}

function printReport({ decided, same, undecidable, flips }: BacktestReport): readonly string[] {
  return [
    ...flips.map(
      ({ agent, tool, from, to, count, callIds }) =>
        `${from} → ${to}  ${String(count).padStart(6)}  ${agent}  ${tool}  ${callIds.join(' ')}`,
    ),
    `${decided} decisions made again: ${same} as before, ${decided - same} otherwise`,
    ...Object.entries(undecidable).map(([why, count]) => `${count} cannot be made again: ${why}`),
  ];
}

type Record = Awaited<ReturnType<typeof openRecord>>;

/** Reads the record of the configuration in force; `otherwise` stands for one that is not there yet. */
async function withRecord<T>(context: CommandContext, read: (record: Record) => Promise<T>, otherwise?: T): Promise<T> {
  const inForce = await openConfig(context.configPath, context.cwd);
  let record: Record;
  try {
    record = await openRecord(inForce);
  } catch (error) {
    if (otherwise !== undefined && error instanceof Fault && error.code === 'E_STORE_NONE') return otherwise;
    throw error;
  }
  return readAndClose(record, read);
}

async function readAndClose<T>(record: Record, read: (record: Record) => Promise<T>): Promise<T> {
  try {
    return await read(record);
  } finally {
    await record.close();
  }
}
