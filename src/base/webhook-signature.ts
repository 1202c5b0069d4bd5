import { createHmac, timingSafeEqual } from 'node:crypto';
import { Fault } from './fault.ts';

/** The headers that say who sent a webhook, when, and that nothing of it was changed. */
export interface WebhookHeaders {
  /** Of what is told: the same when it is told again. */
  readonly 'webhook-id': string;
  /** Seconds since the Unix epoch. */
  readonly 'webhook-timestamp': string;
  /** `v1,` and the signature; several, for several keys, with a space between. */
  readonly 'webhook-signature': string;
}

const TOLERANCE_MS = 300_000;
const REMEMBERED = 100_000;
const PREFIX = 'whsec_';
const NAMES = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;
const MOST_SIGNATURES = 8;

/**
 * Signs a webhook as Standard Webhooks has it: HMAC-SHA256 over `id.timestamp.body`, base64, after the version `v1`. Of a
 * secret that begins with `whsec_` the key is what the rest is the base64 of; any other is the key as it is.
 */
export function signWebhook(secret: string, id: string, timestampS: number, body: string | Buffer): WebhookHeaders {
  const timestamp = String(timestampS);
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatureOf(secret, id, timestamp, body),
  };
}

function signatureOf(secret: string, id: string, timestamp: string, body: string | Buffer): string {
  const key = secret.startsWith(PREFIX) ? Buffer.from(secret.slice(PREFIX.length), 'base64') : secret;
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`;
}

export interface WebhookRequest {
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The body, byte by byte as it came: parse it only once it was verified. */
  readonly body: string;
}

export interface VerifiedWebhook {
  readonly id: string;
  /** Whether this notice came before: answer 2xx, and do nothing. */
  readonly duplicate: boolean;
}

export interface WebhookVerifierOptions {
  /** One, or while it is replaced both. */
  readonly secrets: readonly string[];
  /** The time, milliseconds since the Unix epoch. */
  readonly nowMs: () => number;
  /** How old or how far ahead a request may be. Five minutes unless told. */
  readonly toleranceMs?: number;
}

/**
 * For whoever receives webhooks: takes only requests that were signed with the secret, lately, and says which notice
 * came before. What is forged, altered or old throws a `Fault` E_WEBHOOK. Ids are remembered for as long as a request
 * with that id could be taken; when there is no room for more, further ones are refused.
 */
export function createWebhookVerifier(options: WebhookVerifierOptions): (request: WebhookRequest) => VerifiedWebhook {
  const toleranceMs = options.toleranceMs ?? TOLERANCE_MS;
  const seen = new Map<string, number>();
  return ({ headers, body }) => {
    const [id, timestamp, signature] = NAMES.map((name) => headers[name]);
    if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signature !== 'string')
      throw new Fault('E_WEBHOOK', 'the request lacks a header, or has it twice');
    if (!/^[\w-]{1,128}$/.test(id) || !/^\d{1,12}$/.test(timestamp))
      throw new Fault('E_WEBHOOK', 'the id or the timestamp is malformed');
    const given = signature.split(' ', MOST_SIGNATURES);
    const expected = options.secrets.map((secret) => signatureOf(secret, id, timestamp, body));
    if (!expected.some((one) => given.some((other) => isSame(other, one))))
      throw new Fault('E_WEBHOOK', 'the signature does not verify');
    const nowMs = options.nowMs();
    if (Math.abs(nowMs - Number(timestamp) * 1_000) > toleranceMs)
      throw new Fault('E_WEBHOOK', 'the request is too old, or from the future');
    for (const [known, untilMs] of seen) {
      if (untilMs >= nowMs) break;
      seen.delete(known);
    }
    const duplicate = seen.has(id);
    if (!duplicate && seen.size >= REMEMBERED) throw new Fault('E_WEBHOOK', 'too many requests to remember');
    seen.delete(id);
    seen.set(id, nowMs + 2 * toleranceMs);
    return { id, duplicate };
  };
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
