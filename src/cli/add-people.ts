import type { Command } from 'commander';
import type { Run } from './command-context.ts';

/** The commands about accounts. */
export function addPeople(program: Command, run: Run): void {
  const people = program.command('people').description('who may look, answer, stop and change');
  people
    .command('add <name>')
    .description('make an account, and print a code to sign in with once')
    .requiredOption('--role <role...>', 'viewer, approver, operator, security, admin')
    .option('--local-user <user>', 'who they are at this machine’s terminal')
    .action(run(async (context, options, name) => (await import('./people.ts')).add(context, String(name), options)));
  people
    .command('list')
    .description('every account, and what it may do')
    .action(run(async (context) => (await import('./people.ts')).list(context)));
  people
    .command('role <name> [roles...]')
    .description('change what somebody may do; without roles, nothing')
    .option('--local-user <user>', 'who they are at this machine’s terminal')
    .action(
      run(async (context, options, name, given) =>
        (await import('./people.ts')).role(context, String(name), given as string[], options),
      ),
    );
  for (const verb of ['disable', 'enable'] as const) {
    people
      .command(`${verb} <name>`)
      .description(verb === 'disable' ? 'end what somebody may do, and their sessions and keys' : 'let somebody back')
      .action(
        run(async (context, _options, name) =>
          (await import('./people.ts')).disable(context, String(name), verb === 'disable'),
        ),
      );
  }
  people
    .command('password <name>')
    .description('set a password: typed, or one line on stdin')
    .action(run(async (context, _options, name) => (await import('./people.ts')).password(context, String(name))));
  people
    .command('enrol <name>')
    .description('print a code to sign in with once, to set a password or a passkey')
    .action(run(async (context, _options, name) => (await import('./people.ts')).enrol(context, String(name))));
  people
    .command('sessions <name>')
    .description('where somebody is signed in')
    .action(run(async (context, _options, name) => (await import('./people.ts')).sessions(context, String(name))));
  people
    .command('key <name>')
    .description('issue a key for programs of a person')
    .requiredOption('--role <role...>', 'what the key may do; no more than its person')
    .option('--name <text>', 'what it is for', 'default')
    .option('--life <duration>', 'how long it is valid', '90d')
    .action(run(async (context, options, name) => (await import('./people.ts')).key(context, String(name), options)));
  people
    .command('keys')
    .description('every key, by its first characters')
    .action(run(async (context) => (await import('./people.ts')).keys(context)));
  people
    .command('revoke <what>')
    .description('end every session of a person, or revoke a key by its id')
    .action(run(async (context, _options, what) => (await import('./people.ts')).revoke(context, String(what))));
}
