import type { Clock } from '../../base/clock.ts';
import { canonicalJson } from '../../base/json.ts';
import type { Secret } from '../../base/secret.ts';
import type { Notifier } from '../../ports/notifier.ts';
import { post } from './post.ts';
import { signWebhook, WEBHOOK_HEADERS } from './webhook-signature.ts';

export interface WebhookOptions {
  readonly url: URL;
  readonly secret: Secret;
  readonly clock: Clock;
}

/** Tells a program: the facts as JSON, signed over time, id and body. */
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
      const timestamp = String(Math.floor(clock.nowMs() / 1_000));
      const headers = {
        [WEBHOOK_HEADERS.id]: id,
        [WEBHOOK_HEADERS.timestamp]: timestamp,
        [WEBHOOK_HEADERS.signature]: signWebhook(secret.reveal(), timestamp, id, body),
      };
      await post(url, headers, body, signal);
    },
    close: async () => {},
  };
}
