import { resolve } from 'node:path';
import { rotateKeys, serveSigner } from '../app/ledger/serve-signer.ts';
import { systemClock } from '../base/clock.ts';
import type { CommandContext } from './command-context.ts';
import { aborted } from './up.ts';

export interface SignerCommandOptions {
  readonly folder: string;
  readonly socket: string;
  readonly origin?: string;
  readonly rotate: boolean;
}

/** Keeps the keys of a gateway's ledger out of the gateway, and signs for it until it is interrupted. */
export async function signer({ terminal, cwd, signal }: CommandContext, options: SignerCommandOptions): Promise<void> {
  const { origin } = options;
  if (options.rotate) {
    const { text } = await rotateKeys(resolve(cwd, options.folder), systemClock);
    terminal.data({ key: text }, [text]);
    return terminal.say('it signs from the next checkpoint on, for a time together with the one before');
  }
  const serving = await serveSigner({
    folder: resolve(cwd, options.folder),
    socket: resolve(cwd, options.socket),
    clock: systemClock,
    ...(origin === undefined ? {} : { origin }),
  });
  const keys = serving.keys.map(({ text }) => text);
  terminal.data({ origin: serving.origin, keys, socket: resolve(cwd, options.socket) }, keys);
  terminal.say(`put \`signer: ${options.socket}\` under \`ledger\` of the gateway; Ctrl-C ends`);
  await aborted(signal);
  await serving.close();
}
