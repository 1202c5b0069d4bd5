import { createHmac, timingSafeEqual } from 'node:crypto';
import { Fault } from '../../base/fault.ts';

/** Names of the headers that every signed request carries. */
export const WEBHOOK_HEADERS = {
  id: 'chaperone-id',
  timestamp: 'chaperone-timestamp',
  signature: 'chaperone-signature',
} as const;

const TOLERANCE_MS = 300_000;
const REMEMBERED = 100_000;

/** `v1=` and the HMAC-SHA256 of `timestamp.id.body`, hexadecimal. The timestamp counts seconds. */
export function signWebhook(secret: string, timestamp: string, id: string, body: string): string {
  return `v1=${createHmac('sha256', secret).update(`${timestamp}.${id}.${body}`).digest('hex')}`;
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
    const [id, timestamp, signature] = [WEBHOOK_HEADERS.id, WEBHOOK_HEADERS.timestamp, WEBHOOK_HEADERS.signature].map(
      (name) => headers[name],
    );
    if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signature !== 'string')
      throw new Fault('E_WEBHOOK', 'the request lacks a header, or has it twice');
    if (!/^[\w-]{1,128}$/.test(id) || !/^\d{1,12}$/.test(timestamp))
      throw new Fault('E_WEBHOOK', 'the id or the timestamp is malformed');
    if (!options.secrets.some((secret) => isSame(signature, signWebhook(secret, timestamp, id, body))))
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
