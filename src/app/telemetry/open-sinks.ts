import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { openFileSink } from '../../adapters/telemetry/file/open-file-sink.ts';
import { openSyslogSink } from '../../adapters/telemetry/syslog/open-syslog-sink.ts';
import { openWebhookSink } from '../../adapters/telemetry/webhook/open-webhook-sink.ts';
import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { Secret } from '../../base/secret.ts';
import type { SinkConfig } from '../../model/telemetry.ts';
import type { EventSink } from '../../ports/event-sink.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { resolveValues } from '../config/resolve-values.ts';
import type { Notify } from '../notice.ts';

export interface NamedSink {
  readonly name: string;
  readonly from: SinkConfig['from'];
  readonly sink: EventSink;
}

export interface SinkWorld {
  readonly loaded: LoadedConfig;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly notify: Notify;
  /** Told of every secret that is read, so that no argument carries it. */
  readonly hold: (secrets: readonly Secret[]) => void;
}

/** The receivers that a configuration names. Throws a `ConfigFault` for a secret that is not there. */
export function openSinks(world: SinkWorld): Promise<readonly NamedSink[]> {
  const { sinks } = world.loaded.manifest.telemetry;
  return Promise.all(
    Object.entries(sinks).map(async ([name, config]) => ({
      name,
      from: config.from,
      sink: await openSink(world, name, config),
    })),
  );
}

async function openSink(world: SinkWorld, name: string, config: SinkConfig): Promise<EventSink> {
  const { loaded, clock } = world;
  const at = ['telemetry', 'sinks', name];
  switch (config.kind) {
    case 'file':
      return openFileSink({ path: resolve(loaded.folder, config.to), format: config.format });
    case 'syslog': {
      const ca = config.ca === undefined ? {} : { ca: await readAuthority(resolve(loaded.folder, config.ca)) };
      return openSyslogSink({ url: new URL(config.to), format: config.format, ...ca });
    }
    case 'otlp': {
      const headers = await resolveHeaders(world, at, config.headers);
      const { openOtlpSink } = await import('../../adapters/telemetry/otlp/open-otlp-sink.ts');
      return openOtlpSink({ url: new URL(config.to), headers, tenant: loaded.manifest.tenant });
    }
    case 'webhook': {
      const headers = await resolveHeaders(world, at, config.headers);
      const signing = config.secret === undefined ? {} : await resolveHeaders(world, at, { secret: config.secret }, []);
      const { secret } = signing;
      return openWebhookSink({
        url: new URL(config.to),
        headers,
        clock,
        ...(secret instanceof Secret ? { secret } : {}),
      });
    }
  }
}

/** Headers with their secrets, by name. `below` is where they stand under `at`. */
export async function resolveHeaders(
  world: Pick<SinkWorld, 'loaded' | 'environment' | 'notify' | 'hold'>,
  at: readonly string[],
  headers: SinkConfig['headers'],
  below: readonly string[] = ['headers'],
): Promise<Record<string, string | Secret>> {
  const names = Object.keys(headers);
  const wanted = Object.entries(headers).map(([name, value]) => ({ path: [...at, ...below, name], value }));
  const { values, warnings } = await resolveValues(world.loaded, world.environment, wanted);
  for (const { place, message } of warnings) {
    world.notify({ kind: 'warning', message: `${place.file}:${place.line}: ${message}` });
  }
  world.hold(values.filter((value) => value instanceof Secret));
  return Object.fromEntries(values.map((value, i) => [names[i] ?? '', value]));
}

async function readAuthority(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new Fault('E_CONFIG', `the authority ${path} could not be read`, { cause: error });
  }
}
