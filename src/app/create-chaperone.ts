import { resolve } from 'node:path';
import type { z } from 'zod';
import type { Clock } from '../base/clock.ts';
import type { manifestSchema } from '../model/manifest.ts';
import type { Store } from '../ports/store.ts';
import { Chaperone } from './chaperone.ts';
import { defaultConfig, type LoadedConfig, loadConfig, loadText } from './config/load-config.ts';
import { Gateway } from './gateway.ts';
import { parseOptions } from './host-server.ts';
import type { Notify } from './notice.ts';

export interface ChaperoneOptions {
  /** Path of `chaperone.yaml`. */
  readonly config?: string;
  /** The manifest itself, instead of a file. */
  readonly manifest?: z.input<typeof manifestSchema>;
  /** What relative paths of `manifest` are relative to. The working directory unless told. */
  readonly folder?: string;
  /** Where secrets named `env:…` are looked up. `process.env` unless told. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Told of warnings and faults. Written to stderr unless told. */
  readonly notify?: Notify;
  readonly clock?: Clock;
  /** An open store, instead of SQLite in the manifest's data folder. It is closed with the Chaperone. */
  readonly store?: Store;
}

/**
 * Chaperone in your own process. With neither file nor manifest, mode `provisional` and no servers. Throws a `Fault`:
 * E_CONFIG, E_POLICY_INVALID, E_STORE, E_TOOL_UNREVIEWED.
 */
export async function createChaperone(options: ChaperoneOptions = {}): Promise<Chaperone> {
  const gateway = await Gateway.open({
    loaded: await load(options),
    environment: options.environment ?? process.env,
    notify: options.notify ?? ((notice) => process.stderr.write(`chaperone: ${JSON.stringify(notice)}\n`)),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    ...(options.store === undefined ? {} : { store: options.store }),
  });
  return new Chaperone(gateway);
}

async function load(options: ChaperoneOptions): Promise<LoadedConfig> {
  const folder = resolve(options.folder ?? '.');
  if (options.config !== undefined) return loadConfig(options.config, parseOptions);
  // JSON is YAML: a manifest given as an object is read, checked and digested as a file would be.
  if (options.manifest !== undefined)
    return loadText(JSON.stringify(options.manifest, null, 2), '(manifest)', folder, parseOptions);
  return defaultConfig(folder);
}
