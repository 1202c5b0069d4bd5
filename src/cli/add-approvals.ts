import type { Command } from 'commander';
import type { Run } from './command-context.ts';
import { parseCount } from './parse-options.ts';

/** The commands by which people answer. */
export function addApprovals(program: Command, run: Run): void {
  const approvals = program.command('approvals').description('answer what agents ask');
  approvals
    .command('list')
    .description('what waits for a person')
    .option('--all', 'answered ones too', false)
    .option('-n, --limit <count>', 'at most this many', parseCount, 50)
    .option('--after <id>', 'those that follow this one, newest first')
    .option('--wait', 'wait until something waits for a person', false)
    .action(run(async (context, options) => (await import('./approvals.ts')).listApprovals(context, options)));
  approvals
    .command('show <id>')
    .description('exactly what would be done, and why it was asked')
    .option('--wait', 'wait until it is answered or expires', false)
    .action(
      run(async (context, options, id) => (await import('./approvals.ts')).showApproval(context, String(id), options)),
    );
  for (const verb of ['approve', 'deny'] as const) {
    approvals
      .command(`${verb} <id>`)
      .description(verb === 'approve' ? 'let exactly this call run, once' : 'refuse this call')
      .option('--confirm <tool>', 'repeats the tool of what can do much harm')
      .option('--wait', 'wait until the call has run, or cannot any more', false)
      .action(
        run(async (context, options, id) =>
          (await import('./approvals.ts')).answer(context, String(id), verb === 'approve', options),
        ),
      );
  }
  approvals
    .command('stats')
    .description('how people answer what each rule asks, and which rules ask too much')
    .action(run(async (context) => (await import('./approval-statistics.ts')).showStatistics(context)));
  approvals
    .command('delegate <person>')
    .description('let somebody answer in your place for a time; 0s ends it')
    .option('--for <duration>', 'for how long', '8h')
    .action(
      run(async (context, options, person) =>
        (await import('./approvals.ts')).delegate(context, String(person), options),
      ),
    );
}
