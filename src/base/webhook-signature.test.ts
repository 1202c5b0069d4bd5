import { expect, it } from 'vitest';
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
