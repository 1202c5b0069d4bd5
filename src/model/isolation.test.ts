import { describe, expect, it } from 'vitest';
import { type IsolationScope, isWithin, parseScope, printScope, scopesOf } from './isolation.ts';

const scopes: readonly IsolationScope[] = [
  { kind: 'all' },
  { kind: 'tenant', tenant: 'acme' },
  { kind: 'agent', tenant: 'acme', agent: 'support.eu-1' },
  { kind: 'run', run: 'run_01' },
  { kind: 'server', tenant: 'acme', server: 'mail' },
  { kind: 'tool', tenant: 'acme', tool: 'mail/send/now' },
];
const call = { tenant: 'acme', agent: 'support.eu-1', runId: 'run_01', tool: 'mail/send/now' };

describe('a scope', () => {
  it.each(scopes)('is read back as it was written: $kind', (scope) => {
    expect(parseScope(printScope(scope))).toEqual(scope);
    expect(isWithin(call, scope)).toBe(true);
    expect(isWithin({ tenant: 'other', agent: 'other', runId: 'other', tool: 'other/x' }, scope)).toBe(
      scope.kind === 'all',
    );
  });

  it.each([
    '',
    'ALL',
    'all ',
    'tenant:',
    'tenant:acme/support',
    'tenant:*',
    'agent:acme',
    'agent:acme/',
    'agent:acme/*',
    'agent:acme/a/b',
    'agent:acme/support\n',
    'agent:acme/sup\u200bport',
    'run:',
    'run:a b',
    `run:${'x'.repeat(129)}`,
    'server:acme/mail/send',
    'tool:acme/mail',
    'tool:acme/mail/',
    'tool:acme/mail/send\u202e',
    'tool:acme/mail/\ud83d',
    'nothing:acme',
    `tool:acme/mail/${'x'.repeat(600)}`,
  ])('is refused where nothing can lie in it: %j', (text) => {
    expect(parseScope(text)).toBeUndefined();
  });

  it('lists what stops a call, and of what is not known of it nothing', () => {
    expect(scopesOf(call)).toEqual(scopes.map(printScope));
    expect(scopesOf({ tenant: 'acme', server: 'mail' })).toEqual(['all', 'tenant:acme', 'server:acme/mail']);
  });
});
