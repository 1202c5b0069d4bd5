import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { expect, it } from 'vitest';
import { systemClock } from './clock.ts';
import { createWebhookVerifier, signWebhook } from './webhook-signature.ts';

// The example that the libraries for Standard Webhooks are tested with.
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
const body = '{"test": 2432232314}';
const signature = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';

it('signs as the libraries for Standard Webhooks do', () => {
  expect(signWebhook(secret, id, 1_614_265_330, body)).toEqual({
    'webhook-id': id,
    'webhook-timestamp': '1614265330',
    'webhook-signature': signature,
  });
});

it('is understood by the official library, and understands it, whatever the secret and the body are', () => {
  const bodies = fc.oneof(fc.string({ unit: 'grapheme' }), fc.json());
  const keys = fc.uint8Array({ minLength: 24, maxLength: 64 }).map((key) => Buffer.from(key));
  fc.assert(
    fc.property(bodies, keys, fc.boolean(), fc.uuid(), (text, key, isPlain, uuid) => {
      const shared = isPlain ? key.toString('hex') : `whsec_${key.toString('base64')}`;
      const official = isPlain ? new Webhook(shared, { format: 'raw' }) : new Webhook(shared);
      const nowMs = systemClock.nowMs();
      const ours = signWebhook(shared, uuid, Math.trunc(nowMs / 1_000), text);
      expect(() => official.verify(text, { ...ours }, { jsonParse: false })).not.toThrow();
      expect(() => official.verify(`${text}.`, { ...ours }, { jsonParse: false })).toThrow();
      const theirs = {
        'webhook-id': uuid,
        'webhook-timestamp': String(Math.trunc(nowMs / 1_000)),
        'webhook-signature': official.sign(uuid, new Date(nowMs), text),
      };
      const verify = createWebhookVerifier({ secrets: [shared], nowMs: () => nowMs });
      expect(verify({ headers: theirs, body: text })).toEqual({ id: uuid, duplicate: false });
    }),
    { numRuns: 200 },
  );
});

it('takes one of several signatures, as one has while a key is replaced, and of what is no signature none', () => {
  const verify = createWebhookVerifier({ secrets: ['another', secret], nowMs: () => 1_614_265_330_000 });
  const headers = { 'webhook-id': id, 'webhook-timestamp': '1614265330' };
  expect(verify({ headers: { ...headers, 'webhook-signature': `v1,AAAA v1a,BBBB ${signature}` }, body }).id).toBe(id);
  for (const other of [
    '',
    ' ',
    'v1,',
    signature.replace('v1,', 'v2,'),
    signature.replace('v1,', ''),
    'v1,AAAA '.repeat(20),
  ])
    expect(() => verify({ headers: { ...headers, 'webhook-signature': other }, body }), other).toThrow();
});
