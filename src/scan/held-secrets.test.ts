import { describe, expect, it } from 'vitest';
import { Secret } from '../base/secret.ts';
import { HeldSecrets } from './held-secrets.ts';

const held = new HeldSecrets();
held.add([
  new Secret('env:A', 'correct horse battery'),
  new Secret('env:B', 'Bearer kH7dPq2mXw'),
  new Secret('env:C', 'first-line-x\nsecond-line-y'),
  new Secret('env:D', 'short'),
]);

describe('secrets that the gateway holds', () => {
  it.each<[string, unknown]>([
    ['as they are', { body: 'it is correct horse battery!' }],
    ['as a member’s name', { 'correct horse battery': 1 }],
    ['without their scheme', { q: ['x', 'kH7dPq2mXw'] }],
    ['by a line', 'see second-line-y there'],
    ['in base64', btoa('the secret is correct horse battery, you see')],
    [
      'in base64 that is broken into lines',
      btoa(`${'x'.repeat(50)}correct horse battery, you see`).replace(/.{76}(?=.)/g, '$&\r\n'),
    ],
    ['percent-encoded', 'https://x.test/?q=correct%20horse%20battery'],
    ['with characters nobody sees', 'corr\u200bect horse battery'],
  ])('are found %s', (_, value) => {
    const found = held.findIn(value as never);
    expect(found).toMatchObject([{ kind: 'held-secret', severity: 'high' }]);
    expect(JSON.stringify(found)).not.toContain('horse');
  });

  it('are not seen in other words', () => {
    expect(held.findIn({ body: 'a correct horse, no battery; short' })).toEqual([]);
    expect(new HeldSecrets().findIn({ body: 'correct horse battery' })).toEqual([]);
  });
});
