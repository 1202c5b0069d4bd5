import type { Command } from 'commander';
import type { Run } from './command-context.ts';
import { parseCount, parseDays } from './parse-options.ts';

/** The commands that verify, prove, export and erase. */
export function addEvidence(program: Command, run: Run): void {
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
    .option(
      '--with-inputs',
      'also what decisions were made from, with the personal data that is hashed otherwise',
      false,
    )
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
}
