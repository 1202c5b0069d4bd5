import type { Clock } from '../../base/clock.ts';
import { canonicalJson } from '../../base/json.ts';
import type { Secret } from '../../base/secret.ts';
import { signWebhook } from '../../base/webhook-signature.ts';
import type { Notifier } from '../../ports/notifier.ts';
import { postNotice } from './post-notice.ts';

export interface WebhookOptions {
  readonly url: URL;
  readonly secret: Secret;
  readonly clock: Clock;
}

/** Tells a program: the facts as JSON, signed as Standard Webhooks has it. */
export function openWebhook({ url, secret, clock }: WebhookOptions): Notifier {
  return {
    async deliver({ notice, link }, signal) {
      const { id, kind, tenant, facts, atMs, untilMs } = notice;
      const body = canonicalJson({
        id,
        kind,
        tenant,
        facts,
        at: new Date(atMs).toISOString(),
        until: new Date(untilMs).toISOString(),
        ...(link === undefined ? {} : { link }),
      });
      const headers = signWebhook(secret.reveal(), id, Math.trunc(clock.nowMs() / 1_000), body);
      await postNotice(url, headers, body, signal);
    },
    close: async () => {},
  };
}
