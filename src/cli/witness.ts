import { resolve } from 'node:path';
import { serveWitness } from '../app/ledger/serve-witness.ts';
import { systemClock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import { isKeyName } from '../ledger/verifier-key.ts';
import type { CommandContext } from './command-context.ts';
import { readKeys } from './evidence.ts';
import { aborted } from './up.ts';

export interface WitnessCommandOptions {
  readonly log: readonly string[];
  readonly name: string;
  readonly folder: string;
  readonly listen: string;
}

/** Signs checkpoints of the logs it is told about, until it is interrupted. */
export async function witness(context: CommandContext, options: WitnessCommandOptions): Promise<void> {
  const { terminal, signal } = context;
  if (!isKeyName(options.name)) throw new Fault('E_USAGE', '--name expects a name without spaces and `+`');
  const serving = await serveWitness({
    folder: resolve(context.cwd, options.folder),
    name: options.name,
    logKeys: readKeys(options.log, 'note', '--log'),
    clock: systemClock,
    onProblem: ({ code, message }) => terminal.warn(`${code} ${message}`),
    ...readAddress(options.listen),
  });
  terminal.data({ url: serving.origin, key: serving.key.text }, [`url: ${serving.origin}`, `key: ${serving.key.text}`]);
  terminal.say('put url and key under `ledger.witnesses` of the gateway; Ctrl-C ends');
  await aborted(signal);
  await serving.close();
}

function readAddress(text: string): { readonly host: string; readonly port: number } {
  const [, host, port] = /^(?:\[([0-9a-fA-F:]+)\]|[^:]+):(\d{1,5})$/.exec(text) ?? [];
  const number = Number(port);
  if (port === undefined || number > 65_535) throw new Fault('E_USAGE', '--listen expects `host:port`');
  return { host: host ?? text.slice(0, text.lastIndexOf(':')), port: number };
}
