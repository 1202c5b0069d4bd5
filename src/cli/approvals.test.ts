import { expect, it } from 'vitest';
import { digestBytes } from '../base/digest.ts';
import type { JsonObject } from '../base/json.ts';
import type { Approval } from '../model/approval.ts';
import { printCard } from './approvals.ts';

const approval = (args: JsonObject, input?: JsonObject): Approval => ({
  id: 'apr_1',
  tenant: 'default',
  agent: 'support',
  runId: 'run_1',
  callId: 'call_1',
  tool: 'mail/send',
  pin: digestBytes('pin'),
  arguments: args,
  ...(input === undefined ? {} : { input }),
  callDigest: digestBytes('call'),
  nonce: '',
  reasons: [],
  askedAtMs: 0,
  expiresAtMs: 1,
  state: 'pending',
});

it('marks on the card what could be misread, in the arguments and in the answers', () => {
  const card = printCard(approval({ to: 'bob@acme.com, eve@evil.test' }, { to: { url: 'https://p\u0430ypal.com' } }));
  expect(card.filter((line) => line.startsWith('look twice: '))).toEqual([
    'look twice: /to holds 2 addresses: bob@acme.com, eve@evil.test',
    expect.stringMatching(/^look twice: \/to\/url mixes letters of Latin and Cyrillic/),
  ]);
  expect(printCard(approval({ to: 'bob@acme.com' })).join('\n')).not.toContain('look twice');
});
