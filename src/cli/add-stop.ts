import type { Command } from 'commander';
import type { Run } from './command-context.ts';

/** The commands that stop and let back. */
export function addStop(program: Command, run: Run): void {
  withTarget(program.command('stop').description('stop an agent, tool, server, run, the tenant or everything, at once'))
    .requiredOption('--reason <text>', 'why, for the record')
    .option('--incident', 'let back only with a recorded cause and a changed control', false)
    .option('--preview', 'say what is in flight, and stop nothing', false)
    .option('--file', 'by a file in the data folder only, without the store', false)
    .action(run(async (context, options) => (await import('./stop.ts')).stop(context, options)));
  withTarget(program.command('resume').description('let back what somebody else stopped, or a run that was paused'))
    .requiredOption('--reason <text>', 'why, for the record')
    .option('--seen <mark>', 'what stops it, as `chaperone status` says; asked at a terminal')
    .option('--cause <text>', 'after an incident: what led to it')
    .option('--control <text>', 'after an incident: which control was changed')
    .action(run(async (context, options) => (await import('./stop.ts')).resume(context, options)));
}

function withTarget(command: Command): Command {
  return command
    .option('--agent <name>', 'one agent')
    .option('--tool <name>', 'one tool, `server/tool`')
    .option('--server <name>', 'all tools of a server')
    .option('--run <id>', 'one run')
    .option('--tenant [name]', 'a whole tenant; that of the configuration unless told')
    .option('--all', 'everything');
}
