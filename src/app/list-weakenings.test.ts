import { describe, expect, it } from 'vitest';
import { manifestSchema } from '../model/manifest.ts';
import { listWeakenings } from './list-weakenings.ts';

const weakened = (manifest: object) => listWeakenings(manifestSchema.parse({ version: 1, ...manifest }));

describe('what a manifest weakens', () => {
  it.each([
    ['nothing by itself', {}, []],
    ['nothing by naming a person who is there', { approvals: { presence: ['passkey', 'terminal'] } }, []],
    ['approvals by a session', { approvals: { presence: ['terminal', 'session'] } }, ['approvals.presence']],
    [
      'those of one tool by a token, and by nobody else being needed',
      { tools: { 'mail/send': { approvals: { presence: ['token'], separation: 'none' } } } },
      ['tools.mail/send.approvals.presence', 'tools.mail/send.approvals.separation'],
    ],
    ['two persons, where an admin makes one in no time', { people: { settling: '0s' } }, ['people.settling']],
  ])('is %s', (_, manifest, places) => {
    expect(weakened(manifest).map(({ place }) => place)).toEqual(places);
  });
});
