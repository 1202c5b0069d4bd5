import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assert } from '../../../base/assert.ts';
import type { JsonObject } from '../../../base/json.ts';
import { digestEvent, type NewEvent } from '../../../model/event.ts';
import { digestFields } from './append-event.ts';
import { flatten, isEvent } from './wire.ts';

const text = fc.string({ unit: 'binary' });
const arbitraryEvent = fc.record(
  {
    id: text,
    kind: fc.constant('call.refused' as const),
    tenant: text,
    runId: text,
    callId: text,
    agent: text,
    tool: text,
    atMs: fc.double({ noNaN: true, noDefaultInfinity: true }),
    body: fc.dictionary(text, fc.jsonValue({ stringUnit: 'binary' })).map((body) => body as JsonObject), // fc has its own type for JSON
  },
  { requiredKeys: ['id', 'kind', 'tenant', 'atMs', 'body'] },
);

describe('digestFields', () => {
  it('is the digest of the whole event, whichever fields it has', () => {
    fc.assert(
      fc.property(arbitraryEvent, fc.integer({ min: 1 }), (fields, seq) => {
        const event: NewEvent = fields;
        const commit = flatten([{ kind: 'event.append', event }]);
        assert(!('ok' in commit), 'the event is not too large');
        const [flat] = commit;
        assert(flat !== undefined && isEvent(flat), 'an event becomes a wire event');
        expect(digestFields(flat, seq)).toBe(digestEvent({ ...event, seq }));
      }),
    );
  });
});
