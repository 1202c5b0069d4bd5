import { openSlack } from '../../adapters/notifiers/slack.ts';
import { openWebhook } from '../../adapters/notifiers/webhook.ts';
import type { Clock } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';
import type { Notifier } from '../../ports/notifier.ts';
import type { HeldSecrets } from '../../scan/held-secrets.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { resolveChannelSecrets } from '../config/resolve-channel-secrets.ts';
import type { Notify } from '../notice.ts';

export interface NotifierOptions {
  readonly loaded: LoadedConfig;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly notify: Notify;
  readonly held: Pick<HeldSecrets, 'add'>;
}

/** A notifier for every channel, by its name. Nothing is sent yet. Throws a `ConfigFault` for a secret that is not there. */
export async function openNotifiers(options: NotifierOptions): Promise<ReadonlyMap<string, Notifier>> {
  const { loaded, environment, clock, notify, held } = options;
  const { secrets, warnings } = await resolveChannelSecrets(loaded, environment);
  for (const { place, message } of warnings)
    notify({ kind: 'warning', message: `${place.file}:${place.line}: ${message}` });
  held.add([...secrets.values()]);
  const notifiers = new Map<string, Notifier>();
  for (const [name, { webhook, slack, smtp }] of Object.entries(loaded.manifest.channels)) {
    const secret = secrets.get(name);
    if (webhook !== undefined && secret !== undefined)
      notifiers.set(name, openWebhook({ url: new URL(webhook.url), secret, clock }));
    if (slack !== undefined && secret !== undefined) notifiers.set(name, openSlack({ url: secret }));
    if (smtp !== undefined) {
      const { host, port, tls, user, from, to } = smtp;
      const { openSmtp } = await import('../../adapters/notifiers/smtp.ts');
      notifiers.set(
        name,
        openSmtp({
          host,
          port,
          tls,
          from,
          to,
          timeoutMs: limits.noticeTimeoutMs,
          ...(user === undefined ? {} : { user }),
          ...(secret === undefined ? {} : { password: secret }),
        }),
      );
    }
  }
  return notifiers;
}
