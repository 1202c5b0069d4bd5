import { join } from 'node:path';
import { listInstances } from '../adapters/stores/sqlite/list-instances.ts';
import type { ReadOnlyStore } from '../adapters/stores/sqlite/open-sqlite-store-read-only.ts';
import type { Digest } from '../base/digest.ts';
import { canonicalJson } from '../base/json.ts';
import type { LoadedConfig } from './config/load-config.ts';
import { dataFolder } from './data-folder.ts';

/** Who works on a data folder, and by which rules. */
export interface Gateways {
  /** Processes that have the store open for writing, the longest first. */
  readonly pids: readonly number[];
  /** What was put into force last. */
  readonly active?: {
    readonly bundle: Digest;
    readonly atMs: number;
    /** The process that did, while it lives. */
    readonly pid?: number;
    /** The configuration it was made of, as it was named there. */
    readonly file: string;
    /** Whether that says the same as the configuration at hand. */
    readonly isThis: boolean;
  };
}

/** Reads who works on the data folder of a configuration. Throws a `Fault` where the store cannot say. */
export async function readGateways(
  loaded: LoadedConfig,
  record: Pick<ReadOnlyStore, 'readActiveBundle'>,
): Promise<Gateways> {
  const instances = await listInstances({ path: join(dataFolder(loaded), 'store.db') });
  const pids = [...new Set(instances.map(({ pid }) => pid))];
  const active = await record.readActiveBundle();
  if (active === undefined) return { pids };
  const { bundle, content, atMs, activator } = active;
  const policies = loaded.policies.map(({ text }) => text);
  const theirs = Array.isArray(content['policies']) ? content['policies'] : [];
  const texts = theirs.map((policy: unknown) => (policy as { readonly text?: unknown } | null)?.text ?? null);
  const isThis = content['text'] === loaded.text && JSON.stringify(texts) === canonicalJson(policies);
  return {
    pids,
    active: {
      bundle,
      atMs,
      file: typeof content['file'] === 'string' ? content['file'] : '(unknown)',
      isThis,
      ...(activator === undefined ? {} : { pid: activator.pid }),
    },
  };
}

/** One sentence on a bundle that was made of another configuration than the one at hand. */
export function describeOther({ pid, file }: NonNullable<Gateways['active']>): string {
  return pid === undefined
    ? `it was made of another state of \`${file}\`, and the gateway that put it into force has ended`
    : `process ${pid} serves another configuration from this data folder, \`${file}\` as it was then: a gateway with this one would take its place, or be refused`;
}
