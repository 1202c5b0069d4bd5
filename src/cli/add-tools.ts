import type { Command } from 'commander';
import type { Run } from './command-context.ts';

/** The commands that review what servers say, and pin what they start from. */
export function addTools(program: Command, run: Run): void {
  const tools = program.command('tools').description('review what servers say of their tools');
  tools
    .command('diff')
    .description('what changed since tools were reviewed')
    .action(run(async (context) => (await import('./tools.ts')).diffTools(context)));
  tools
    .command('review <tool> <pin>')
    .description('accept a tool as `diff` showed it, by the pin that stood there')
    .action(
      run(async (context, _options, tool, pin) =>
        (await import('./tools.ts')).reviewTool(context, String(tool), String(pin)),
      ),
    );
  tools
    .command('tiers')
    .description('the consequence of every tool, and when somebody last looked at them')
    .option('--accept <digest>', 'record that you looked, by the digest that stood there')
    .action(run(async (context, options) => (await import('./tools.ts')).reviewTiers(context, options)));

  const servers = program.command('servers').description('install and pin the packages that servers start from');
  servers
    .command('install [package]')
    .description('install `name@1.2.3`, or every package the configuration names, and print what to pin')
    .action(
      run(async (context, _options, spec) =>
        (await import('./servers.ts')).install(context, spec === undefined ? undefined : String(spec)),
      ),
    );
  servers
    .command('pin <package>')
    .description('print what to pin of an installed package, or of a `command` server by its name')
    .action(run(async (context, _options, spec) => (await import('./servers.ts')).pin(context, String(spec))));

  servers
    .command('review <server> [digest]')
    .description(
      'show how the files of a package differ from the reviewed ones; with the digest that stood there, accept',
    )
    .action(
      run(async (context, _options, server, digest) =>
        (await import('./servers.ts')).review(
          context,
          String(server),
          digest === undefined ? undefined : String(digest),
        ),
      ),
    );
}
