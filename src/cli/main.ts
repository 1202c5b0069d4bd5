#!/usr/bin/env node
import { readFileSync, realpathSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { errorEntry } from '../base/errors.ts';
import { Fault, toFault } from '../base/fault.ts';
import { addPeople } from './add-people.ts';
import { addPolicyCommands } from './add-policy-commands.ts';
import { addStop } from './add-stop.ts';
import { authorize } from './authorize.ts';
import type { Action, CommandContext } from './command-context.ts';
import { describeCred } from './describe-cred.ts';
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

const outbox = program.command('outbox').description('who is told what is recorded, and what they would not have');
outbox
  .command('list')
  .description('how far every receiver is, and what was put aside')
  .action(run(async (context) => (await import('./outbox.ts')).listOutbox(context)));
outbox
  .command('send <sink>')
  .description('send what was put aside for a receiver once more')
  .action(run(async (context, _options, sink) => (await import('./outbox.ts')).sendOutbox(context, String(sink))));
outbox
  .command('drop <sink> <seq>')
  .description('leave an event that was put aside unsent; the record keeps it')
  .action(
    run(async (context, _options, sink, seq) =>
      (await import('./outbox.ts')).dropOutbox(context, String(sink), parseSeq(String(seq))),
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
      (await import('./servers.ts')).review(context, String(server), digest === undefined ? undefined : String(digest)),
    ),
  );

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

describeCred(program, run);

addPeople(program, run);

const evidence = program.command('evidence').description('verify and prove what is in the signed log of the record');
evidence
  .command('verify <path>')
  .description('verify the folder of a ledger, a proof file, or an archive of evidence, with public keys alone')
  .requiredOption('--key <key...>', 'a public key of the log; one is enough where there is a key history')
  .option('--witness <key...>', 'public keys of witnesses who have to have seen it')
  .option('--quorum <count>', 'how many of them; all unless told', parseCount)
  .action(
    run(async (context, options, path) => (await import('./evidence.ts')).verify(context, String(path), options)),
  );
evidence
  .command('copies [name]')
  .description('verify the copies of the ledger that the configuration names, each from what lies there alone')
  .action(
    run(async (context, _options, name) =>
      (await import('./evidence-copies.ts')).copies(context, name === undefined ? undefined : String(name)),
    ),
  );
evidence
  .command('fsck')
  .description('hold this gateway’s ledger against its keys and against every event of the record')
  .action(run(async (context) => (await import('./evidence.ts')).fsck(context)));
evidence
  .command('prove [event]')
  .description('prove that an event, or how a call ended, is in the ledger: a file to be verified anywhere')
  .option('--call <id>', 'the outcome of this call')
  .option('--digest-only', 'do not put the event itself into the proof', false)
  .option('--out <file>', 'write the proof here')
  .action(
    run(async (context, options, event) =>
      (await import('./evidence.ts')).prove(context, event === undefined ? undefined : String(event), options),
    ),
  );
evidence
  .command('export')
  .description('write what is on record of a run, an incident or a time into one archive that is verified anywhere')
  .option('--run <id>', 'everything of this run')
  .option('--incident <id>', 'the run of this event or call, and every stop since')
  .option('--from <time>', 'from this time on, such as 2026-01-31T12:00:00Z')
  .option('--to <time>', 'with --from: before this time')
  .requiredOption('--out <file>', 'the archive, a tar')
  .action(run(async (context, options) => (await import('./evidence.ts')).exportArchive(context, options)));
evidence
  .command('erase')
  .description('erase what was recorded of a run or a user: the keys go, the events stay and verify')
  .option('--run <id>', 'this run')
  .option('--user <id>', 'all runs on behalf of this user')
  .requiredOption('--reason <text>', 'why, for the record')
  .option('--despite-retention', 'also what a regime under `retention` has kept longer', false)
  .action(run(async (context, options) => (await import('./evidence.ts')).erase(context, options)));
evidence
  .command('purge')
  .description('erase what is older than it has to be kept')
  .option('--days <count>', 'how old; `retention.days` unless told', parseDays)
  .action(run(async (context, options) => (await import('./evidence.ts')).purge(context, options)));
evidence
  .command('keys')
  .description('the public keys of this gateway’s ledger, for whoever verifies it')
  .option('--rotate', 'make a new signing key first', false)
  .action(run(async (context, options) => (await import('./evidence.ts')).keys(context, options)));
program
  .command('witness')
  .description('sign checkpoints of other gateways’ ledgers, so that none of them can be taken back')
  .requiredOption('--log <key...>', 'public keys of the logs it signs for')
  .requiredOption('--name <name>', 'the name it signs under, such as witness.company.com')
  .option('--folder <folder>', 'where it keeps its key and what it has signed', 'witness')
  .option('--listen <address>', 'host and port', '127.0.0.1:7071')
  .action(run(async (context, options) => (await import('./witness.ts')).witness(context, options)));

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

function parseDays(text: string): number {
  const days = Number(text);
  if (!Number.isInteger(days) || days < 1 || days > 36_500) throw new InvalidArgumentError('days are 1 to 36500');
  return days;
}

function parseSeq(text: string): number {
  const seq = Number(text);
  if (!Number.isSafeInteger(seq) || seq < 1) throw new InvalidArgumentError('an event’s number is 1 or more');
  return seq;
}

function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
