import type { Command } from 'commander';
import type { CommandContext } from './command-context.ts';

type Action = (context: CommandContext, options: never, ...args: unknown[]) => Promise<void>;

/** The commands that say what rules would change, and change them. */
export function addPolicyCommands(
  program: Command,
  run: (action: Action) => (...given: unknown[]) => Promise<void>,
): void {
  const policy = program.command('policy').description('what rules would change, and changing them');
  policy
    .command('lint [file]')
    .description('check a configuration and its policies against the tools that were reviewed')
    .action(run(async (context, _options, file) => (await import('./policy.ts')).lint(context, optionalText(file))));
  policy
    .command('diff [file]')
    .description('what a configuration would change of the rules in force')
    .action(run(async (context, _options, file) => (await import('./policy.ts')).diff(context, optionalText(file))));
  policy
    .command('backtest [file]')
    .description('decide recorded traffic again under a configuration, and show what comes out otherwise')
    .option('--since <duration>', 'how far back', '7d')
    .action(
      run(async (context, options, file) =>
        (await import('./policy.ts')).backtest(context, optionalText(file), options),
      ),
    );
  policy
    .command('apply <file>')
    .description('put a configuration in the place of the one in force, once its cases pass')
    .option('--since <duration>', 'how far back to look for what it flips', '7d')
    .option('--accept-flips', 'recorded calls that would be decided otherwise are meant to be', false)
    .option('--dry-run', 'show what it flips, and change nothing', false)
    .action(run(async (context, options, file) => (await import('./policy.ts')).apply(context, String(file), options)));
  policy
    .command('revert')
    .description('write back the rules that were in force last, also where the files are broken')
    .option('--data <folder>', 'the data folder, where a broken configuration does not say it any more')
    .action(run(async (context, options) => (await import('./policy.ts')).revert(context, options)));
  policy
    .command('finish')
    .description('put in place what an apply or revert that was broken off has written')
    .action(run(async (context) => (await import('./policy.ts')).finish(context)));
}

function optionalText(value: unknown): string | undefined {
  return value === undefined ? undefined : String(value);
}
