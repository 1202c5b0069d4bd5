import { resolve } from 'node:path';
import { openConfig } from '../app/open-config.ts';
import { isOutOfSight, type ProgramReport, runProgram } from '../app/run/run-program.ts';
import { Fault } from '../base/fault.ts';
import type { JsonObject } from '../base/json.ts';
import type { StoredEvent } from '../model/event.ts';
import type { CommandContext } from './command-context.ts';
import { eventToJson } from './print-event.ts';
import { printNotice } from './print-notice.ts';

export interface RunOptions {
  readonly agent?: string;
  readonly profile?: string;
  readonly workspace?: string;
  readonly read?: readonly string[];
  readonly env?: readonly string[];
}

/** Runs any program within walls from which only the gateway and the egress door are reached. Its exit code is ours. */
export async function runAgent(
  context: CommandContext,
  options: RunOptions,
  command: readonly string[],
): Promise<number> {
  const { terminal, signal } = context;
  const [program, ...rest] = command;
  if (program === undefined) throw new Fault('E_USAGE', 'say which program to run, after `--`');
  const loaded = await openConfig(context.configPath, context.cwd);
  const agent = options.agent ?? onlyAgent(Object.keys(loaded.manifest.agents));
  const workspace = resolve(context.cwd, options.workspace ?? '.');
  const read = (options.read ?? []).map((path) => resolve(context.cwd, path));
  if (isOutOfSight(program, workspace, read))
    throw new Fault('E_USAGE', `the program would not see ${program}; add \`--read\` with a folder it lies in`);
  const report = await runProgram({
    loaded,
    environment: context.env,
    notify: printNotice(terminal),
    command: [program, ...rest],
    agent,
    workspace,
    read,
    keep: options.env ?? [],
    ...(options.profile === undefined ? {} : { profile: options.profile }),
    outputs: process,
    signal,
  });
  tell(context, report);
  return report.exitCode;
}

function onlyAgent(agents: readonly string[]): string {
  const [only, second] = agents;
  if (second === undefined) return only ?? 'default';
  throw new Fault('E_USAGE', `say which agent the program is with --agent: ${agents.join(', ')}`);
}

/** What the program tried to reach. The program's own output is the data, so for people this is talk. */
function tell({ terminal }: CommandContext, report: ProgramReport): void {
  const tried = report.events.filter(({ kind }) => kind === 'egress.passed' || kind === 'egress.refused');
  if (terminal.json) {
    const { runId, exitCode, usage, events } = report;
    terminal.data({ runId, exitCode, usage: { ...usage }, events: events.map(eventToJson) }, []);
    return;
  }
  terminal.say(`run ${report.runId}: ${report.usage.passed} network calls passed, ${report.usage.refused} refused`);
  for (const line of new Set(tried.map(describe))) terminal.say(`  ${line}`);
}

function describe({ kind, body }: StoredEvent): string {
  const { protocol, method, host, port, path, code } = body as JsonObject;
  const what = method === undefined ? String(protocol ?? '') : String(method);
  const where = `${String(host ?? '')}:${String(port ?? '')}${path === undefined ? '' : String(path)}`;
  return kind === 'egress.passed' ? `passed   ${what} ${where}` : `refused  ${what} ${where}  ${String(code)}`;
}
