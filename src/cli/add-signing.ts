import type { Command } from 'commander';
import type { Run } from './command-context.ts';

/** The processes that sign for a ledger: one that has its keys, and those that have seen its checkpoints. */
export function addSigning(program: Command, run: Run): void {
  program
    .command('signer')
    .description('keep the keys of a gateway’s ledger in a process of their own, best as another user')
    .option('--folder <folder>', 'where the keys are, and what was signed last', 'ledger-keys')
    .option('--socket <path>', 'where the gateway reaches it', 'signer.sock')
    .option('--origin <name>', 'the log’s name; made up at the first start unless told')
    .option('--rotate', 'only make a new key, beside a signer that goes on', false)
    .action(run(async (context, options) => (await import('./signer.ts')).signer(context, options)));
  program
    .command('witness')
    .description('sign checkpoints of other gateways’ ledgers, so that none of them can be taken back')
    .requiredOption('--log <key...>', 'public keys of the logs it signs for')
    .requiredOption('--name <name>', 'the name it signs under, such as witness.company.com')
    .option('--folder <folder>', 'where it keeps its key and what it has signed', 'witness')
    .option('--listen <address>', 'host and port', '127.0.0.1:7071')
    .action(run(async (context, options) => (await import('./witness.ts')).witness(context, options)));
}
