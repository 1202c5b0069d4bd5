import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../base/json.ts';
import type { McpClient } from './client.ts';
import type { McpGate } from './gate.ts';
import { judgeQuestion } from './judge-question.ts';

// Only what `judgeQuestion` looks at.
const client = { caller: {}, capabilities: { elicitation: {}, sampling: {} } } as unknown as McpClient;
const gate = (permit: () => Promise<boolean>) => ({ permitQuestion: permit }) as unknown as McpGate;
const form = (name: string, property: JsonObject = { type: 'string' }) => ({
  requestedSchema: { type: 'object', properties: { [name]: property } },
});

describe('judgeQuestion', () => {
  it.each([
    ['elicitation/create', form('city'), undefined],
    ['sampling/createMessage', {}, undefined],
    ['roots/list', {}, 'undeclared'],
    ['tools/list', {}, 'unknown'],
    ['constructor', {}, 'unknown'],
    ['elicitation/create', form('password'), 'secret'],
    ['elicitation/create', form('apiKey'), 'secret'],
    ['elicitation/create', form('access_key'), 'secret'],
    ['elicitation/create', form('x', { type: 'string', title: 'Your PIN' }), 'secret'],
    ['elicitation/create', form('x', { type: 'string', description: 'the one-time code we sent' }), 'secret'],
    ['elicitation/create', form('x', { type: 'string', format: 'password' }), 'secret'],
    ['elicitation/create', form('ｐａｓｓｗｏｒｄ'), 'secret'],
    ['elicitation/create', form('pinned', { type: 'boolean' }), undefined],
    ['elicitation/create', form('tokens', { type: 'integer', title: 'How many tokens' }), undefined],
  ])('%s %j: %s', async (method, params, expected) => {
    expect(
      await judgeQuestion(
        gate(async () => true),
        client,
        's',
        method,
        params,
      ),
    ).toBe(expected);
  });

  it('takes a no and an error of policy for a no', async () => {
    const judge = (permit: () => Promise<boolean>) =>
      judgeQuestion(gate(permit), client, 's', 'elicitation/create', form('city'));
    expect(await judge(async () => false)).toBe('forbidden');
    expect(await judge(() => Promise.reject(new Error('broken')))).toBe('forbidden');
  });
});
