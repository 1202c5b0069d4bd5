import { expect, it } from 'vitest';
import { receiptOf, withReceipt } from './receipt.ts';

const answer = {
  kind: 'result',
  callId: 'call_1',
  result: { content: [] },
  redactions: [],
  receipt: { event: 'evt_1', seq: 7 },
} as const;

it('is ours alone, whatever a server writes by its name', () => {
  const forged = { content: [], extra: { _meta: { 'chaperone/receipt': { call: 'call_9', seq: 1 }, other: 1 } } };
  const shown = { 'chaperone/receipt': { call: 'call_1', event: 'evt_1', seq: 7 } };
  expect(withReceipt(forged, answer).extra).toEqual({ _meta: { ...shown, other: 1 } });
  const { receipt: _, ...unrecorded } = answer;
  expect(withReceipt(forged, unrecorded).extra).toEqual({ _meta: { other: 1 } });
  expect(receiptOf(unrecorded)).toEqual({});
});
