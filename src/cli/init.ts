import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { admitProjects } from '../app/clients/admit-projects.ts';
import { applyInit } from '../app/clients/apply-init.ts';
import { clientTitles, type FoundClients } from '../app/clients/client.ts';
import { findClients, readTextFile } from '../app/clients/find-clients.ts';
import { type InitPlan, planInit } from '../app/clients/plan-init.ts';
import { undoInit } from '../app/clients/undo-init.ts';
import { FORMER_FOLDER, makeFolder, ownFolder } from '../app/data-folder.ts';
import { systemClock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { CommandContext } from './command-context.ts';

const RECORD = 'init.json';

/**
 * Puts Chaperone in front of the MCP clients of this machine: shows what would change, asks, and does it. `files`: those
 * of the project that are meant too.
 */
export async function init(
  context: CommandContext,
  options: { readonly dryRun: boolean; readonly undo: boolean; readonly yes: boolean; readonly force: boolean },
  files: readonly string[],
): Promise<void> {
  const { terminal } = context;
  const path = resolve(context.cwd, context.configPath);
  const recordPath = join(ownFolder(path, context.env), RECORD);
  const nowMs = systemClock.nowMs();
  if (options.undo) {
    const { restored, removed, kept } = await undoInit({
      recordPath: await findRecord(recordPath, path),
      nowMs,
      force: options.force,
    });
    terminal.data({ restored: [...restored], removed: [...removed], kept: [...kept] }, [
      ...restored.map((file) => `as it was: ${file}`),
      ...removed.map((file) => `removed: ${file}`),
      ...kept.map((file) => `kept what was changed since: ${file}`),
    ]);
    return;
  }
  const plan = await makePlan(context, path, nowMs, files);
  report(context, plan);
  if (options.dryRun || plan.changes.length === 0) return;
  if (!options.yes && !(await confirm(context))) return terminal.say('nothing was changed');
  await makeFolder(dirname(recordPath));
  await applyInit(plan, { recordPath, nowMs });
  terminal.say('done; restart the clients. Back as it was: chaperone init --undo');
}

/** What was done before there was a folder for it outside of the project is recorded beside the configuration. */
async function findRecord(recordPath: string, config: string): Promise<string> {
  const former = join(dirname(config), FORMER_FOLDER, RECORD);
  if ((await readTextFile(recordPath)) !== undefined || (await readTextFile(former)) === undefined) return recordPath;
  return former;
}

async function makePlan(
  context: CommandContext,
  path: string,
  nowMs: number,
  files: readonly string[],
): Promise<InitPlan> {
  const appData = context.env['APPDATA'];
  const all = await findClients({
    home: context.env['HOME'] ?? homedir(),
    cwd: context.cwd,
    platform: process.platform,
    ...(appData === undefined ? {} : { appData }),
  });
  const named = await Promise.all(files.map((file) => nameFile(resolve(context.cwd, file), all)));
  const { found, warnings } = admitProjects(all, new Set(named));
  const config = await readTextFile(path);
  const program = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './main.ts' : './main.js', import.meta.url));
  const plan = planInit(found, {
    config: {
      path,
      realPath: config?.realPath ?? path,
      text: config?.text,
    },
    configFolder: dirname(path),
    gateway: (kind) => ({
      kind: 'stdio',
      command: process.execPath,
      args: [program, 'mcp', '--stdio', '--config', path, '--agent', kind],
    }),
    nowMs,
  });
  return { ...plan, warnings: [...warnings, ...plan.warnings] };
}

/** The real path of a file that is named. Throws a `Fault` E_USAGE where no client keeps servers there. */
async function nameFile(path: string, { clients, broken }: FoundClients): Promise<string> {
  if (broken.some(({ place }) => place.path === path)) return path;
  const realPath = (await readTextFile(path))?.realPath;
  if (realPath === undefined) throw new Fault('E_USAGE', `there is no file ${path}`);
  if (clients.some((client) => client.realPath === realPath)) return realPath;
  throw new Fault('E_USAGE', `${path} is no file in which a client keeps the servers of this folder`);
}

function report({ terminal }: CommandContext, plan: InitPlan): void {
  terminal.data(
    {
      changes: plan.changes.map(({ path, diff }) => ({ path, diff })),
      moved: plan.moved.map((server) => ({ ...server })),
      left: plan.left.map((server) => ({ ...server })),
      needed: plan.needed.map(({ name }) => name),
      warnings: [...plan.warnings],
    },
    plan.changes.flatMap(({ diff }) => diff.split('\n')),
  );
  for (const { client, server, as } of plan.moved)
    terminal.say(`${clientTitles[client]}: ${server} moves to servers.${as}`);
  for (const { client, server, why } of plan.left) terminal.warn(`${clientTitles[client]}: ${server} stays: ${why}`);
  for (const { name, value, file } of plan.needed) {
    terminal.say(`set ${name} in the environment of the client to ${value}${file === undefined ? '' : `, in ${file}`}`);
  }
  for (const warning of plan.warnings) terminal.warn(warning);
  if (plan.changes.length === 0) terminal.say('nothing to do: no client has servers outside the gateway');
}

async function confirm({ terminal, signal }: CommandContext): Promise<boolean> {
  if (!terminal.interactive) throw new Fault('E_USAGE', 'say `--yes` to change files without being asked');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test(await lines.question('change these files? [y/N] ', { signal }));
  } finally {
    lines.close();
  }
}
