import type { Clock } from '../../../base/clock.ts';
import { limits } from '../../../base/limits.ts';
import { type PostAnswer, postBody } from '../../../base/post-body.ts';
import { revealText, type Secret } from '../../../base/secret.ts';
import { signWebhook } from '../../../base/webhook-signature.ts';
import type { Delivery, EventSink } from '../../../ports/event-sink.ts';
import { printCloudEvents } from '../formats/to-cloud-event.ts';

export interface WebhookSinkOptions {
  readonly url: URL;
  /** Shared with the receiver; it signs what is sent. */
  readonly secret?: Secret;
  readonly headers: Readonly<Record<string, string | Secret>>;
  readonly clock: Clock;
}

const BATCH = 100;
/** What a receiver says of what it was sent, not of itself. */
const REFUSED = new Set([400, 413, 415, 422]);
/** A proxy without a server behind it says these as well: they accuse no event. */
const UNAVAILABLE = new Set([502, 503, 504]);

/** Sends events as CloudEvents 1.0, a batch in one signed request. */
export function openWebhookSink(options: WebhookSinkOptions): EventSink {
  const { url, secret, clock } = options;
  const headers = Object.fromEntries(Object.entries(options.headers).map(([name, value]) => [name, revealText(value)]));
  return {
    batch: BATCH,
    async deliver(events, signal) {
      const body = Buffer.from(printCloudEvents(events));
      const id = `${events[0]?.id ?? ''}-${events.length}`;
      const signed =
        secret === undefined ? {} : signWebhook(secret.reveal(), id, Math.trunc(clock.nowMs() / 1_000), body);
      const within = AbortSignal.any([signal, AbortSignal.timeout(limits.sinkTimeoutMs)]);
      try {
        const answer = await postBody(
          url,
          { ...headers, ...signed, 'content-type': 'application/cloudevents-batch+json; charset=utf-8' },
          body,
          within,
        );
        return readAnswer(answer, clock);
      } catch (error) {
        return { kind: 'unavailable', message: error instanceof Error ? error.message : 'it could not be reached' };
      }
    },
    async close() {},
  };
}

function readAnswer({ status, headers }: PostAnswer, clock: Clock): Delivery {
  if (status >= 200 && status < 300) return { kind: 'accepted' };
  const message = `it answered with HTTP status ${status}`;
  if (REFUSED.has(status)) return { kind: 'refused', message };
  if (status >= 500 && !UNAVAILABLE.has(status)) return { kind: 'failed', message };
  // What is left is about the address, the credentials or the load: somebody has to see to it, and nothing is lost.
  const afterMs = readRetryAfter(headers['retry-after'], clock);
  return { kind: 'unavailable', message, ...(afterMs === undefined ? {} : { afterMs }) };
}

const LONGEST_PAUSE_MS = 3_600_000;

/** `Retry-After`: seconds, or a date. */
function readRetryAfter(value: string | undefined, clock: Clock): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - clock.nowMs();
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, LONGEST_PAUSE_MS) : undefined;
}
