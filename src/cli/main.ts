#!/usr/bin/env node
import { readFileSync, realpathSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { errorEntry } from '../base/errors.ts';
import { Fault, toFault } from '../base/fault.ts';
import { addApprovals } from './add-approvals.ts';
import { addCred } from './add-cred.ts';
import { addEvidence } from './add-evidence.ts';
import { addOutbox } from './add-outbox.ts';
import { addPeople } from './add-people.ts';
import { addPolicyCommands } from './add-policy-commands.ts';
import { addSigning } from './add-signing.ts';
import { addStop } from './add-stop.ts';
import { addTools } from './add-tools.ts';
import { authorize } from './authorize.ts';
import type { Action, CommandContext } from './command-context.ts';
import { parseCount, parsePort, parseUserId } from './parse-options.ts';
import { showText, Terminal } from './terminal.ts';

const EXIT_INTERRUPTED = 130;
const EXIT_USAGE = 2;

const abort = new AbortController();
const interrupt = () => {
  // A second Ctrl-C does not wait for a tidy end.
  if (abort.signal.aborted) process.exit(EXIT_INTERRUPTED);
  abort.abort();
};

/** Every command with its options. What they do is imported when they are called. */
export const program = new Command('chaperone')
  .description('Stands between AI agents and their tools, and assumes that the model is hijacked.')
  .version(readVersion())
  .option('-c, --config <file>', 'the manifest', 'chaperone.yaml')
  .option('--json', 'machine-readable output (NDJSON for streams)', false)
  .option('-q, --quiet', 'no talk on stderr', false)
  .option('--no-input', 'never ask anything')
  .showSuggestionAfterError()
  .configureOutput({ writeErr: (text) => process.stderr.write(text) })
  .exitOverride();

program
  .command('demo')
  .description('show a hijacked agent without Chaperone, then with it')
  .option('--once', 'end after the four outcomes', false)
  .action(run(async (context, options) => (await import('./demo.ts')).demo(context, options)));
program
  .command('up')
  .description('start the gateway: MCP over HTTP and the HTTP API')
  .option('--port <port>', 'listen on this port', parsePort)
  .action(run(async (context, options) => (await import('./up.ts')).up(context, options)));
program
  .command('mcp')
  .description('serve one MCP client over stdio')
  .requiredOption('--stdio', 'speak MCP on stdin and stdout')
  .option('--agent <name>', 'the agent this client is')
  .action(run(async (context, options) => (await import('./mcp.ts')).mcp(context, options)));
program
  .command('init')
  .argument(
    '[files...]',
    'files of this folder, such as .mcp.json, whose servers are moved too; without, only your own',
  )
  .description('put Chaperone in front of the MCP clients on this machine')
  .option('--dry-run', 'show the changes only', false)
  .option('--undo', 'put every client back as it was', false)
  .option('--force', 'with --undo: also files that were changed since', false)
  .option('--yes', 'do not ask', false)
  .action(
    run(async (context, options, files) => {
      const named = files as readonly string[]; // what commander makes of `[files...]`
      return (await import('./init.ts')).init(context, options, named);
    }),
  );
program
  .command('run')
  .argument('<command...>', 'the program and its arguments, after `--`')
  .description('run any agent program within walls: only the gateway and the egress door are reached')
  .option('--agent <name>', 'the agent the program is')
  .option('--profile <name>', 'a sandbox profile that holds it besides: system calls, memory, processes, processors')
  .option('--workspace <folder>', 'the folder it works in and may change; where this is called unless told')
  .option('--read <folder...>', 'folders it may read besides the system’s programs')
  .option('--env <name...>', 'variables of this environment that it is given')
  .action(
    run(async (context, options, command) => {
      process.exitCode = await (await import('./run.ts')).runAgent(context, options, command as readonly string[]);
    }),
  );
program
  .command('doctor')
  .description('check the installation, and attempt every bypass')
  .option('--user <uid>', 'attempt the bypasses as this user (takes root)', parseUserId)
  .option('--inside', 'attempt the bypasses from within the walls that `run` puts around a program here', false)
  .action(run(async (context, options) => (await import('./doctor.ts')).doctor(context, options)));
program
  .command('status')
  .description('what is configured, active, pending and isolated')
  .option('--run <id>', 'one run: whether it goes on, and how much of its budgets it has used')
  .action(
    run(async (context, options: { run?: string }) =>
      options.run === undefined
        ? (await import('./status.ts')).status(context)
        : (await import('./run-status.ts')).runStatus(context, options.run),
    ),
  );
program
  .command('tail')
  .description('follow the record')
  .option('--run <id>', 'one run only')
  .option('--agent <name>', 'one agent only')
  .option('-n, --last <count>', 'start this many events back', parseCount, 10)
  .option('--no-follow', 'end when the record does')
  .action(run(async (context, options) => (await import('./tail.ts')).tail(context, options)));
program
  .command('explain <id>')
  .description('why a call was decided as it was')
  .option('--trace', 'every rule that was considered, and the nearest change', false)
  .action(run(async (context, options, id) => (await import('./explain.ts')).explain(context, String(id), options)));
program
  .command('map')
  .description('every tool, argument, effect, consequence, source and sink; drafts a strict manifest')
  .option('--draft', 'print the draft manifest only', false)
  .action(run(async (context, options) => (await import('./map.ts')).map(context, options)));
program
  .command('scan')
  .description('scan NDJSON from stdin: {"text", "source"} in, {"risk", "flagged", "findings"} out')
  .option('--source <kind>', 'what a line is that does not say so', 'document')
  .option('--outbound', 'look for what must not leave, instead of for instructions', false)
  .action(run(async (context, options) => (await import('./scan.ts')).scan(context, options)));
program
  .command('test [files...]')
  .description('run policy cases from YAML')
  .action(run(async (context, _options, files) => (await import('./test.ts')).test(context, files as string[])));

addTools(program, run);
addOutbox(program, run);
addApprovals(program, run);
addStop(program, run);

program
  .command('token')
  .description('issue a token for an agent, a host application or a person')
  .requiredOption('--kind <kind>', 'agent, host or person')
  .option('--name <name>', 'whose token it is', 'default')
  .option('--life <duration>', 'how long it is valid', '8h')
  .action(run(async (context, options) => (await import('./token.ts')).token(context, options)));

program
  .command('replay <run>')
  .description('step through a recorded run, and decide again whatever was decided in it')
  .option('--at <event>', 'stop at this event, by id or number, and show what the run was then')
  .option('--policy <file>', 'also decide under this configuration')
  .action(run(async (context, options, id) => (await import('./replay.ts')).replay(context, String(id), options)));

addPolicyCommands(program, run);
addCred(program, run);
addPeople(program, run);
addEvidence(program, run);
addSigning(program, run);

// Started as a program, by whatever link: the documentation only reads what is above.
if (realpathSync(process.argv[1] ?? '') === import.meta.filename) await main();

/** Wraps a command: makes its context, and turns whatever it throws into a message, a next step and an exit code. */
function run(action: Action): (...given: unknown[]) => Promise<void> {
  return async (...given: unknown[]) => {
    const command = given.at(-1) as Command;
    const global = program.opts<{ config: string; json: boolean; quiet: boolean; input: boolean }>();
    const terminal = new Terminal({ ...global, color: process.env['NO_COLOR'] === undefined }, process);
    const context: CommandContext = {
      terminal,
      configPath: global.config,
      cwd: process.cwd(),
      env: process.env,
      signal: abort.signal,
    };
    try {
      await authorize(context, nameOf(command));
      await action(context, command.opts() as never, ...given.slice(0, -2));
      if (abort.signal.aborted) process.exitCode = EXIT_INTERRUPTED;
    } catch (error) {
      report(terminal, error);
    }
  };
}

function nameOf(command: Command): string {
  const { parent } = command;
  return parent === null || parent === program ? command.name() : `${parent.name()} ${command.name()}`;
}

function report(terminal: Terminal, error: unknown): void {
  const fault = toFault(error, 'E_INTERNAL', error instanceof Error ? error.message : 'something failed');
  const entry = errorEntry(fault.code);
  if (terminal.json) {
    terminal.data({ error: { code: fault.code, message: fault.message, next: entry.next } }, []);
  } else {
    process.stderr.write(`${terminal.style('red', fault.code)} ${showText(fault.message)}\n  next: ${entry.next}\n`);
  }
  if (!(error instanceof Fault) && error instanceof Error) process.stderr.write(`${showText(error.stack ?? '')}\n`);
  process.exitCode = entry.exit;
}

async function main(): Promise<void> {
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    await program.parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
  }
}

function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
