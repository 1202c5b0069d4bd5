import { describe, expect, it } from 'vitest';
import { type EgressSubject, egressSchema } from '../../model/egress.ts';
import { leastLabel } from '../../model/label.ts';
import { EgressPolicy } from './compile-egress.ts';
import { readTarget } from './read-target.ts';

const target = { host: 'api.test', port: 443 };
const policyOf = (config: object) => new EgressPolicy(egressSchema.parse(config));
type Who = Omit<EgressSubject, 'tenant'>;
const isOut = (config: object, who: Who) =>
  policyOf(config).decideTunnel({ tenant: 't', ...who }, target, leastLabel).ok;

describe('a rule is for whom it names, and for nobody else', () => {
  const ann: Who = { agent: 'ann', tool: 'web/get' };
  it.each([
    ['no one in particular', {}, {}, true],
    ['an agent', { agents: ['ann'] }, ann, true],
    ['another agent', { agents: ['bob'] }, ann, false],
    ['an agent, and what has none asks', { agents: ['ann'] }, {}, false],
    ['a tool', { tools: ['web/get'] }, ann, true],
    ['all tools of a server', { tools: ['web/*'] }, ann, true],
    ['another tool', { tools: ['web/put'] }, ann, false],
    ['tools of a server that is only called alike', { tools: ['we/*'] }, ann, false],
    ['a tool, and what is no tool asks', { tools: ['web/get'] }, { agent: 'ann' }, false],
    ['a server, and its own process asks', { servers: ['web'] }, { server: 'web' }, true],
    ['a server, and a tool of it asks', { servers: ['web'] }, ann, false],
    ['another server', { servers: ['mail'] }, { server: 'web' }, false],
    ['an agent and a tool, and both fit', { agents: ['ann'], tools: ['web/get'] }, ann, true],
    ['an agent and a tool, and the agent does not', { agents: ['bob'], tools: ['web/get'] }, ann, false],
    ['an agent and a tool, and the tool does not', { agents: ['ann'], tools: ['web/put'] }, ann, false],
    ['a tool or a server, and the server fits', { tools: ['web/get'], servers: ['mail'] }, { server: 'mail' }, true],
  ])('%s', (_, whom, who: Who, expected) => {
    expect(isOut({ allow: [{ host: 'api.test', ...whom }] }, who)).toBe(expected);
    const all = { host: '*' };
    if ('servers' in whom) return; // a denial names none
    expect(isOut({ allow: [all], deny: [{ host: 'api.test', ...whom }] }, who), 'denied').toBe(!expected);
  });
});

describe('what it lets out', () => {
  const subject: EgressSubject = { tenant: 't' };
  it('is the host and the port it names', () => {
    const allow = (rule: object) => isOut({ allow: [rule] }, subject);
    expect(allow({ host: 'api.test' })).toBe(true);
    expect(allow({ host: '*.test' })).toBe(true);
    expect(allow({ host: 'test' })).toBe(false);
    expect(allow({ host: '*.api.test' })).toBe(false);
    expect(allow({ host: 'api.test', ports: [80] })).toBe(false);
  });

  it('is the method and the path it names, seen in the same rule', () => {
    const policy = policyOf({
      allow: [
        { host: 'api.test', methods: ['GET'], paths: ['/open/*'], inspect: true },
        { host: 'api.test', methods: ['POST'], paths: ['/box'], inspect: true },
      ],
    });
    const may = (method: string, path: string) => {
      const url = readTarget(target, true, path);
      if (!url.ok) throw new Error(url.message);
      return policy.decideRequest(subject, method, url.value, leastLabel).ok;
    };
    expect(may('GET', '/open/a')).toBe(true);
    expect(may('POST', '/box')).toBe(true);
    expect(may('POST', '/open/a')).toBe(false);
    expect(may('GET', '/box')).toBe(false);
    expect(may('GET', '/open/../box')).toBe(false);
    expect(may('GET', '/open/%2e%2e/box')).toBe(false);
  });

  it('is no more secret than it says', () => {
    const tell = (secrecy: 'public' | 'internal' | 'secret', rule: object) =>
      policyOf({ allow: [{ host: 'api.test', ...rule }] }).decideTunnel(subject, target, { ...leastLabel, secrecy }).ok;
    expect(tell('internal', {})).toBe(true);
    expect(tell('secret', {})).toBe(false);
    expect(tell('secret', { secrecy: 'secret' })).toBe(true);
    expect(tell('internal', { secrecy: 'public' })).toBe(false);
  });

  it('is nothing where nothing is said', () => {
    expect(isOut({}, subject)).toBe(false);
  });
});
