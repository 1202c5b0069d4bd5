import { checkCopies } from '../app/ledger/check-copies.ts';
import { openConfig } from '../app/open-config.ts';
import { systemClock } from '../base/clock.ts';
import type { CommandContext } from './command-context.ts';

/** Verifies the copies of the ledger that the configuration names, each from what lies there alone. */
export async function copies(context: CommandContext, name: string | undefined): Promise<void> {
  const loaded = await openConfig(context.configPath, context.cwd);
  const checked = await checkCopies(loaded, context.env, systemClock, name);
  context.terminal.data(
    {
      copies: checked.map((copy) => ({
        name: copy.name,
        size: copy.checkpoint.size,
        signedBy: copy.logKeys.map(({ text }) => text),
      })),
    },
    checked.map((copy) => `${copy.name}: all ${copy.checkpoint.size} events are the ones that were signed`),
  );
}
