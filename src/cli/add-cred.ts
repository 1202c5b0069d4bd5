import type { Command } from 'commander';
import type { CommandContext } from './command-context.ts';

type Action = (context: CommandContext, options: never, ...args: unknown[]) => Promise<void>;

/** The commands of `chaperone cred`. `run` makes of an action what the command line calls. */
export function addCred(program: Command, run: (action: Action) => (...given: unknown[]) => Promise<void>): void {
  const cred = program
    .command('cred')
    .description('credentials that the egress door puts into requests; no agent sees one');
  cred
    .command('add <name>')
    .description('keep a value, read from stdin, sealed')
    .action(run(async (context, _options, name) => (await import('./cred.ts')).addCredential(context, String(name))));
  cred
    .command('list')
    .description('names, what they are for, and whether there is a value')
    .action(run(async (context) => (await import('./cred.ts')).listCredentials(context)));
  cred
    .command('report')
    .description('what was granted of each and what it was used for, what was taken back and what is owed')
    .action(run(async (context) => (await import('./cred-report.ts')).reportCredentials(context)));
  cred
    .command('rotate <name>')
    .description('replace a value by one from stdin: create, try, switch, drain, revoke; as before if trying fails')
    .option('--drain <duration>', 'how long what has the old value is given to end', '10s')
    .option('--no-canary', 'switch without trying it')
    .action(run(async (context, options, name) => (await import('./cred.ts')).rotate(context, String(name), options)));
  cred
    .command('revoke <name>')
    .description('throw a value away')
    .action(
      run(async (context, _options, name) => (await import('./cred.ts')).revokeCredential(context, String(name))),
    );
  cred
    .command('connect <name>')
    .description('connect a user’s account: a browser opens, they consent')
    .action(run(async (context, _options, name) => (await import('./cred.ts')).connectAccount(context, String(name))));
}
