// A program for the bench of isolation: stops agents of the gateway whose configuration its argument names, as the command does.

import { join } from 'node:path';
import { halt } from '../src/app/isolation/open-stop.ts';
import { openConfig } from '../src/app/open-config.ts';

/** What it is told: stop this agent, through the store or by a file. */
export interface ToStop {
  readonly agent: string;
  readonly byFile: boolean;
}

/** When it was asked, and when the stop had returned: ns of the machine's clock that never goes back. */
export interface Halted {
  readonly askedNs: string;
  readonly returnedNs: string;
}

const [folder = ''] = process.argv.slice(2);
const loaded = await openConfig(join(folder, 'chaperone.yaml'), folder);

process.on('message', async ({ agent, byFile }: ToStop) => {
  const askedNs = String(process.hrtime.bigint());
  const by = { tenant: 'default', person: 'ana', presence: 'terminal', reason: 'bench', incident: false };
  await halt(loaded, { kind: 'agent', tenant: 'default', agent }, by, byFile);
  process.send?.({ askedNs, returnedNs: String(process.hrtime.bigint()) } satisfies Halted);
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
