import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ingestedSchema, scannedSchema } from '../../contract/http.ts';
import { openTestDoor, type TestDoor } from './door.fixture.ts';

let test: TestDoor;
let host: string;
let agent: string;
beforeEach(async () => {
  test = await openTestDoor();
  host = await test.token({ kind: 'host', tenant: 'acme' });
  agent = await test.token({ kind: 'agent', sub: 'support', tenant: 'acme', run: 'run_1' });
  await test.send('POST', '/v1/runs', { token: host, body: { agent: 'support', task: 'answer' } });
  test.runtime.asked.length = 0;
});
afterEach(() => test.listener.close());

const ingest = (token: string, body: unknown, run = 'run_1') =>
  test.send('POST', `/v1/runs/${run}/ingest`, { token, body });

describe('POST /v1/runs/:id/ingest', () => {
  it('hands over content, and says who attests it', async () => {
    const answer = await ingest(host, { content: 'hello', source: 'mail' });
    expect(answer.status).toBe(200);
    expect(ingestedSchema.parse(answer.body)).toMatchObject({ id: 'evt_1', text: 'wrapped', flagged: false });
    await ingest(agent, { messages: [{ role: 'user', content: 'hi' }] });
    const [, byHost, , byAgent] = test.runtime.asked.map(([, ingestion]) => ingestion);
    expect(byHost).toEqual({
      tenant: 'acme',
      agent: 'support',
      runId: 'run_1',
      attested: true,
      what: { content: 'hello', source: 'mail' },
    });
    expect(byAgent).toMatchObject({ attested: false, what: { messages: [{ role: 'user', content: 'hi' }] } });
  });

  it('is for the run of the agent’s own token only', async () => {
    await test.send('POST', '/v1/runs', { token: host, body: { agent: 'support', task: 'other' } });
    expect((await ingest(agent, { content: 'x', source: 'mail' }, 'run_2')).status).toBe(404);
    expect(test.runtime.asked.some(([method]) => method === 'ingest')).toBe(false);
  });

  it('passes a refusal on by its code, to an agent in words for a model', async () => {
    test.runtime.ingest = async () => ({ kind: 'refused', code: 'E_CONTENT_FLAGGED' });
    const [told, model] = [
      await ingest(host, { content: 'x', source: 'mail' }),
      await ingest(agent, { content: 'x', source: 'mail' }),
    ];
    expect([told.status, model.status]).toEqual([422, 422]);
    expect(told.text).toContain('reads like instructions');
    expect(model.text).not.toContain('instructions');
  });

  it.each<[string, unknown]>([
    ['nothing', {}],
    ['content without a source', { content: 'x' }],
    ['a source that is no name', { content: 'x', source: 'a b' }],
    ['content that is no text', { content: 1, source: 'mail' }],
    ['content and messages', { content: 'x', source: 'mail', messages: [] }],
    ['messages that are no objects', { messages: ['hi'] }],
    ['too many messages', { messages: Array.from({ length: 10_001 }, () => ({})) }],
  ])('refuses %s', async (_, body) => {
    const answer = await ingest(host, body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ error: { code: 'E_REQUEST_INVALID' } });
  });
});

describe('POST /v1/scan', () => {
  it('says what was found, for whoever holds a token', async () => {
    const person = await test.token({ kind: 'person', sub: 'ada', tenant: 'acme' });
    for (const token of [host, agent, person]) {
      const answer = await test.send('POST', '/v1/scan', { token, body: { text: 'hello', source: 'mail' } });
      expect(answer.status).toBe(200);
      expect(scannedSchema.parse(answer.body)).toMatchObject({ risk: 0, source: 'mail' });
    }
  });

  it('takes a document where no source is named, and refuses what is no text', async () => {
    const answer = await test.send('POST', '/v1/scan', { token: host, body: { text: 'hello' } });
    expect(answer.body).toMatchObject({ source: 'document' });
    expect((await test.send('POST', '/v1/scan', { token: host, body: { text: 1 } })).status).toBe(400);
  });
});

describe('POST /v1/calls', () => {
  it('says of a flagged result that it is, and nothing else that its server wrote beside it', async () => {
    const findings = { flagged: true, risk: 0.9, source: 'mail', findings: [] };
    test.runtime.answerCall = async () => ({
      kind: 'result',
      callId: 'call_1',
      result: { content: [], extra: { _meta: { 'chaperone/findings': findings, 'acme/trace': 'x' }, more: 1 } },
    });
    const answer = await test.send('POST', '/v1/calls', { token: agent, body: { tool: 'mail/read' } });
    expect(answer.body).toMatchObject({ result: { content: [], _meta: { 'chaperone/findings': findings } } });
    expect(answer.text).not.toMatch(/acme|more/);
  });
});
