import { describe, expect, it } from 'vitest';
import { digestBytes } from '../../../base/digest.ts';
import { isJsonObject, type JsonObject } from '../../../base/json.ts';
import type { EventKind, StoredEvent } from '../../../model/event.ts';
import { printCloudEvents, toCloudEvent } from './to-cloud-event.ts';
import { OCSF_VERSION, toOcsf } from './to-ocsf.ts';

function event(kind: string, body: JsonObject = {}, over: Partial<StoredEvent> = {}): StoredEvent {
  return {
    id: 'evt_1',
    seq: 42,
    digest: digestBytes('event'),
    kind: kind as EventKind, // also kinds that a later version may write
    tenant: 'acme corp',
    runId: 'run_1',
    callId: 'call_1',
    agent: 'support',
    tool: 'mail/send_email',
    atMs: 1_700_000_000_123,
    body,
    ...over,
  };
}

// What OCSF 1.8.0 requires of the classes that are written, and the values that its enumerations have.
const REQUIRED: Readonly<Record<number, readonly string[]>> = {
  6003: ['actor', 'api', 'src_endpoint'],
  2004: ['finding_info'],
  2005: ['finding_info_list', 'status_id'],
};
const ALWAYS = ['activity_id', 'category_uid', 'class_uid', 'metadata', 'severity_id', 'time', 'type_uid'];
const ACTIVITIES: Readonly<Record<number, readonly number[]>> = {
  6003: [0, 1, 2, 3, 4, 99],
  2004: [0, 1, 2, 3, 99],
  2005: [0, 1, 2, 3, 99],
};
const DISPOSITIONS = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27,
];

const EVENTS: readonly (readonly [string, StoredEvent, number, number])[] = [
  ['a read that ran', event('call.completed', { ok: true, ran: 'yes', effect: 'read' }), 6003, 1],
  ['a write that ran', event('call.completed', { ok: true, ran: 'yes' }), 6003, 1],
  ['a call that failed', event('call.completed', { ok: false, ran: 'unknown', code: 'E_UPSTREAM_LOST' }), 6003, 27],
  ['a denied call', event('call.refused', { code: 'E_DENIED', verdict: 'deny' }), 2004, 2],
  ['a caller without a role', event('call.refused', { code: 'E_ROLE_MISSING' }), 2004, 26],
  ['a call that waits', event('call.refused', { code: 'E_APPROVAL_PENDING' }), 6003, 14],
  ['a question to a person', event('call.asked', { verdict: 'ask', approvalId: 'apr_1' }), 6003, 14],
  ['a yes', event('approval.answered', { approve: true, by: 'bo' }), 6003, 8],
  ['a no', event('approval.answered', { approve: false, by: 'bo' }), 6003, 2],
  ['a history that was altered', event('history.altered', { message: 3, how: 'altered' }), 2004, 19],
  ['an answer that was withheld', event('answer.withheld', { code: 'E_RELEASE' }), 2004, 2],
  ['a stop', event('isolation.changed', { scope: 'agent:a/b', isolated: true, by: 'bo' }), 2005, 24],
  ['a resumption', event('isolation.changed', { scope: 'agent:a/b', isolated: false, by: 'cy' }), 2005, 8],
  ['an incident nobody has yet', event('incident.opened', {}), 2005, 24],
  [
    'an event of no call',
    event('bundle.activated', {}, { tool: undefined as never, callId: undefined as never }),
    6003,
    1,
  ],
];

describe('events as OCSF', () => {
  it.each(EVENTS)('%s', (_, stored, classUid, disposition) => {
    const ocsf = toOcsf(stored);
    expect(ocsf).toMatchObject({ class_uid: classUid, disposition_id: disposition });
    for (const name of [...ALWAYS, ...(REQUIRED[classUid] ?? [])]) expect(ocsf, name).toHaveProperty(name);
    const activity = Number(ocsf['activity_id']);
    expect(ACTIVITIES[classUid]).toContain(activity);
    expect(ocsf['type_uid']).toBe(classUid * 100 + activity);
    expect([1, 2, 99]).toContain(ocsf['action_id']);
    expect(DISPOSITIONS).toContain(ocsf['disposition_id']);
    expect([0, 1, 2, 3, 4, 5, 6, 99]).toContain(ocsf['severity_id']);
    expect(ocsf['time']).toBe(1_700_000_000_123);
    expect(ocsf['metadata']).toMatchObject({
      version: OCSF_VERSION,
      product: { name: 'Chaperone' },
      uid: 'evt_1',
      sequence: 42,
      profiles: ['security_control'],
    });
    if (classUid === 2005) {
      expect(ocsf['assignee'] ?? ocsf['assignee_group'], 'one of the two is required').toBeDefined();
    }
    if (classUid === 6003) expect(isJsonObject(ocsf['api']) && typeof ocsf['api']['operation']).toBe('string');
  });

  it('of a denied call names code, rule and place', () => {
    const reasons = [{ code: 'E_DENIED', message: 'no', policy: 'agent.deny', place: { file: 'c.yaml', line: 9 } }];
    const ocsf = toOcsf(event('call.refused', { code: 'E_DENIED', reasons }));
    expect(ocsf['finding_info']).toMatchObject({
      title: 'call.refused: E_DENIED',
      desc: 'E_DENIED agent.deny c.yaml:9',
    });
  });
});

describe('events as CloudEvents', () => {
  it('have the attributes that 1.0 requires, and a sequence that sorts as text', () => {
    expect(toCloudEvent(event('call.completed'))).toMatchObject({
      specversion: '1.0',
      id: 'evt_1',
      source: '/chaperone/acme%20corp',
      type: 'chaperone.call.completed',
      subject: 'call_1',
      time: '2023-11-14T22:13:20.123Z',
      datacontenttype: 'application/json',
      sequence: '0000000000000042',
    });
    const names = Object.keys(toCloudEvent(event('call.completed')));
    expect(names.filter((name) => !/^[a-z0-9]{1,20}$/.test(name))).toEqual([]);
  });

  it('are a JSON array in a batch', () => {
    expect(JSON.parse(printCloudEvents([event('run.started'), event('run.ended')]))).toHaveLength(2);
  });
});
