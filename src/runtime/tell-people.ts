import { newId } from '../base/clock.ts';
import type { Digest } from '../base/digest.ts';
import type { JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import type { AlertName } from '../model/alert.ts';
import type { Manifest } from '../model/manifest.ts';
import type { Change } from '../ports/store.ts';
import type { World } from './world.ts';

/** What an alert is about: ids and names, and no text that an agent, a tool or a model chose. */
export interface AlertFacts {
  readonly agent?: string;
  readonly tool?: string;
  readonly server?: string;
  readonly run?: string;
  readonly call?: string;
  readonly why?: string;
  /** Of attempts: how bad the worst of them is. */
  readonly severity?: 'low' | 'medium' | 'high';
  readonly tools?: number;
  readonly digest?: Digest;
}

/**
 * That people have to be told of something, by each channel for alerts: written with the event that says the same. Of the
 * same agent, tool, cause and severity they are told once in `limits.alertAgainMs`: what is small must not hide what is not.
 * The record has every one.
 */
export function tellPeople(
  { clock, catalog, guards }: Pick<World, 'clock' | 'catalog' | 'guards'>,
  tenant: string,
  alert: AlertName,
  facts: AlertFacts,
): readonly Change[] {
  const { agent, tool, server, why, severity, digest } = facts;
  const channels = channelsOf(catalog().manifest);
  if (
    channels.length === 0 ||
    !guards.told.isNew(JSON.stringify([tenant, alert, agent, tool, server, why, severity, digest]))
  )
    return [];
  const atMs = clock.nowMs();
  const said: JsonObject = { alert, ...facts };
  return channels.map((channel) => ({
    kind: 'notice.add',
    notice: {
      id: newId(clock, 'ntc'),
      tenant,
      channel,
      kind: 'alert',
      facts: said,
      atMs,
      untilMs: atMs + limits.alertLifeMs,
    },
  }));
}

function channelsOf({ alerts, approvals, channels }: Manifest): readonly string[] {
  const named = alerts.channels ?? approvals.channels ?? Object.keys(channels);
  return named.filter((channel) => Object.hasOwn(channels, channel));
}
