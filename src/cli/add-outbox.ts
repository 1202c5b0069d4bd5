import type { Command } from 'commander';
import type { Run } from './command-context.ts';
import { parseSeq } from './parse-options.ts';

/** The commands about receivers of events. */
export function addOutbox(program: Command, run: Run): void {
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
}
