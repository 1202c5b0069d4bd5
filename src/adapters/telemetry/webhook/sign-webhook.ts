import { createHmac } from 'node:crypto';

/** The headers that say who sent a webhook, when, and that nothing of it was changed. */
export interface WebhookHeaders {
  readonly 'webhook-id': string;
  /** Seconds since the Unix epoch. */
  readonly 'webhook-timestamp': string;
  readonly 'webhook-signature': string;
}

/**
 * Signs a webhook as Standard Webhooks has it: HMAC-SHA256 with the shared secret over `id.timestamp.body`, base64, after
 * the version `v1`. A receiver compares in constant time, refuses a timestamp that is minutes away, and remembers ids.
 */
export function signWebhook(secret: string, id: string, timestampS: number, body: Buffer): WebhookHeaders {
  const timestamp = String(timestampS);
  const mac = createHmac('sha256', secret).update(`${id}.${timestamp}.`).update(body).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${mac}` };
}
