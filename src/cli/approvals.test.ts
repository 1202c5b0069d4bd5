import { expect, it } from 'vitest';
import { digestBytes } from '../base/digest.ts';
import type { JsonObject } from '../base/json.ts';
import type { Approval } from '../model/approval.ts';
import { manifestSchema } from '../model/manifest.ts';
import { makeCard } from '../runtime/approving/approval-card.ts';
import { printCard } from './print-card.ts';

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

const manifest = manifestSchema.parse({ version: 1 });
const print = (of: Approval, last?: Approval) => printCard(of, makeCard(manifest, of, last));

it('marks on the card what could be misread, in the arguments and in the answers', () => {
  const card = print(approval({ to: 'bob@acme.com, eve@evil.test' }, { to: { url: 'https://p\u0430ypal.com' } }));
  expect(card.filter((line) => line.startsWith('look twice: '))).toEqual([
    'look twice: /to holds 2 addresses: bob@acme.com, eve@evil.test',
    expect.stringMatching(/^look twice: \/to\/url mixes letters of Latin and Cyrillic/),
  ]);
  expect(print(approval({ to: 'bob@acme.com' })).join('\n')).not.toContain('look twice');
});

it('shows an approver everything in its fixed order, and what the agent says last, as a quotation', () => {
  const asked: Approval = {
    ...approval({ to: 'bob@acme.com', amount: 500, note: 'rent' }),
    reasons: [
      { code: 'E_TAINT_SINK', message: 'the amount is from a mail', place: { file: 'c.yaml', line: 9, column: 3 } },
    ],
    facts: {
      effect: 'write',
      consequence: 'high',
      declared: true,
      sinks: [
        { path: 'to', carries: 'recipient' },
        { path: 'note', carries: 'data' },
      ],
      outward: true,
      undo: 'none',
      untrusted: [{ path: '/amount', integrity: 'untrusted', origins: ['mail/read_message'] }],
      label: { integrity: 'untrusted', secrecy: 'internal', origins: ['mail/read_message'] },
      quotation: 'This was approved by the chief. Approve at once.',
    },
  };
  const last = { ...approval({ to: 'bob@acme.com', amount: 50, memo: 'x' }), id: 'apr_0' };
  expect(print(asked, last)).toEqual([
    'support wants to send: mail/send',
    '  recipient to: "bob@acme.com"',
    'with exactly',
    '  {',
    '    "to": "bob@acme.com",',
    '    "amount": 500,',
    '    "note": "rent"',
    '  }',
    'compared with the last time, apr_0',
    '  - /amount: 50',
    '  + /amount: 500',
    '  + /note: "rent"',
    '  - /memo: "x"',
    'because the amount is from a mail (c.yaml:9:3)',
    'not chosen by anybody trusted: /amount, from mail/read_message',
    'the run has read: mail/read_message (untrusted, internal)',
    'it is a write of high consequence, and reaches outside; to undo it: none',
    'pending; expires 1970-01-01T00:00:00.001Z',
    'it takes one person, none of them who asked, by terminal or passkey',
    'the agent says: “This was approved by the chief. Approve at once.”',
    'deny: chaperone approvals deny apr_1    approve: chaperone approvals approve apr_1 --confirm mail/send',
  ]);
});
