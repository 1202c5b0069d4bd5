import { describe, expect, it } from 'vitest';
import { digestBytes } from '../base/digest.ts';
import type { JsonObject } from '../base/json.ts';
import type { StoredEvent } from '../model/event.ts';
import { exportEvent } from './exported-event.ts';

const digest = digestBytes('event');
const event = (body: JsonObject, over: Partial<StoredEvent> = {}): StoredEvent => ({
  id: 'evt_1',
  seq: 7,
  digest,
  kind: 'call.refused',
  tenant: 'acme',
  runId: 'run_1',
  callId: 'call_1',
  agent: 'support',
  tool: 'mail/send',
  atMs: 1_700_000_000_123.5,
  body,
  ...over,
});

describe('an event that leaves the house', () => {
  it('says who, what, when, what was decided and why', () => {
    const body: JsonObject = {
      verdict: 'deny',
      code: 'E_DENIED',
      effect: 'write',
      user: { id: 'ana', groups: ['sales'], attributes: { salary: 1 } },
      reasons: [{ code: 'E_DENIED', message: 'to x@evil.example', policy: 'deny', place: { file: 'c.yaml', line: 3 } }],
      findings: [{ detector: 'secrets', kind: 'aws-key', path: '/body', severity: 'high' }],
    };
    expect(exportEvent(event(body))).toEqual({
      id: 'evt_1',
      seq: 7,
      digest,
      kind: 'call.refused',
      time: '2023-11-14T22:13:20.123Z',
      tenant: 'acme',
      agent: 'support',
      tool: 'mail/send',
      run: 'run_1',
      call: 'call_1',
      user: 'ana',
      facts: { verdict: 'deny', code: 'E_DENIED', effect: 'write' },
      reasons: [{ code: 'E_DENIED', policy: 'deny', place: 'c.yaml:3' }],
      findings: [{ detector: 'secrets', kind: 'aws-key', severity: 'high' }],
    });
  });

  it('says where it belongs in a trace, and takes nothing for an id that is none', () => {
    const ids = { id: '4bf92f3577b34da6a3ce929d0e0e4736', parent: '00f067aa0ba902b7' };
    expect(exportEvent(event({ trace: { ...ids, span: 'x' } }))).toMatchObject({ trace: ids });
    for (const trace of ['00-canary', { id: 'canary', parent: ids.parent }, { id: ids.id }, null]) {
      expect(exportEvent(event({ trace }))).not.toHaveProperty('trace');
    }
  });

  it('leaves arguments, results, prompts and whatever somebody else wrote behind', () => {
    const canary = 'canary-7f3a';
    const nested = { deep: [canary], to: canary };
    const body: JsonObject = {
      arguments: nested,
      input: nested,
      result: canary,
      prompt: canary,
      values: [{ path: canary, origins: [canary] }],
      error: canary,
      message: canary,
      code: nested,
      verdict: [canary],
      reasons: [{ code: 'E_DENIED', message: canary, path: canary }, canary, null],
      findings: [{ detector: 'd', kind: 'k', severity: 'low', path: canary, layers: [canary] }, 7],
      unknownNewMember: canary,
    };
    expect(JSON.stringify(exportEvent(event(body)))).not.toContain(canary);
  });

  it('has nothing by which what a tool was given or answered could be guessed', () => {
    const guessed = { callDigest: digestBytes('yes'), resultDigest: digestBytes('no') };
    const exported = JSON.stringify(exportEvent(event({ ...guessed, resultBytes: 2 })));
    for (const one of Object.values(guessed)) expect(exported).not.toContain(one);
  });

  it('takes an event that says nothing', () => {
    const { runId: _run, callId: _call, agent: _agent, tool: _tool, ...bare } = event({});
    expect(exportEvent(bare)).toEqual({
      id: 'evt_1',
      seq: 7,
      digest,
      kind: 'call.refused',
      time: '2023-11-14T22:13:20.123Z',
      tenant: 'acme',
      facts: {},
      reasons: [],
      findings: [],
    });
  });
});
