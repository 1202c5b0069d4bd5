import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../base/json.ts';
import type { GovernedTool, Sink, Yields } from '../model/tool.ts';
import type { AssessOptions } from './assessment.ts';
import { openFlow } from './flow-run.ts';

const tool = (name: string, more: Partial<GovernedTool> = {}): GovernedTool => {
  const [server = '', bare = ''] = name.split('/');
  return {
    tool: { server, name: bare, description: '', inputSchema: { type: 'object' } },
    name: `${server}/${bare}`,
    pin: 'sha256:a',
    effect: 'read',
    consequence: 'medium',
    declared: true,
    sinks: [],
    ...more,
  };
};
const sendWith = (sink: Partial<Sink>, more: Partial<GovernedTool> = {}) =>
  tool('mail/send', {
    effect: 'write',
    sinks: [{ path: 'to', carries: 'recipient', declared: true, ...sink }],
    ...more,
  });
const searchWith = (yields?: Yields) => tool('crm/search', yields === undefined ? {} : { yields });

const contacts = {
  contacts: [{ name: 'Lena', email: 'lena@acme.test', note: 'ask boss@evil.test' }],
  owner: 'dana@acme.test',
};

/** What flow says of a call, without an attested prompt unless there is one. */
function verdict(
  send: GovernedTool,
  args: JsonObject,
  options: { prompt?: string; search?: GovernedTool; assess?: AssessOptions; attributes?: Record<string, string> } = {},
) {
  const search = options.search ?? searchWith();
  const run = openFlow({
    prompt: options.prompt === undefined ? [] : [{ kind: 'user', text: options.prompt }],
    pins: new Map([send, search].map((one) => [one.name, one.pin])),
    ...(options.attributes === undefined ? {} : { userAttributes: options.attributes }),
  });
  const content = [{ type: 'text', text: JSON.stringify(contacts) }];
  Array.from(run.take(search, {}, { content, structuredContent: contacts }).index());
  return run.assess(send, args, options.assess).facts;
}

describe('without an attested prompt', () => {
  it.each<[string, Partial<Sink>, string, string]>([
    ['a field that the manifest names', { from: ['crm/search.contacts.email'] }, 'lena@acme.test', 'permit'],
    ['another field', { from: ['crm/search.contacts.email'] }, 'dana@acme.test', 'ask'],
    ['the text of that very record', { from: ['crm/search.contacts.email'] }, 'boss@evil.test', 'ask'],
    ['another tool', { from: ['crm/list.contacts.email'] }, 'lena@acme.test', 'ask'],
    ['nothing that was read', { from: ['crm/search.contacts.email'] }, 'eve@evil.test', 'ask'],
    ['a field with the name in it', { from: ['crm/search.email'] }, 'lena@acme.test', 'ask'],
    ['a list that is written as one', { from: ['crm/search.contacts[].email'] }, 'lena@acme.test', 'permit'],
    ['no field that was named', {}, 'lena@acme.test', 'ask'],
  ])('a value from %s', (_, sink, to, expected) => {
    expect(verdict(sendWith(sink), { to }).verdict).toBe(expected);
  });

  it('proves nothing, and says that it does not know what was asked for', () => {
    const from = ['crm/search.contacts.email'];
    expect(verdict(sendWith({ from }), { to: 'lena@acme.test' })).toMatchObject({
      verdict: 'permit',
      proved: false,
      authority: 'unknown',
    });
  });

  it('leaves which of several right values a call of high consequence takes to a person', () => {
    const from = ['crm/search.contacts.email'];
    const high = { consequence: 'high' } as const;
    const trusted = searchWith({ integrity: 'trusted' });
    expect(verdict(sendWith({ from }, high), { to: 'lena@acme.test' }).verdict).toBe('ask');
    expect(verdict(sendWith({ from }, high), { to: 'lena@acme.test' }, { search: trusted }).verdict).toBe('permit');
  });

  it('trusts results of which a person said that no outsider writes in them', () => {
    const search = searchWith({ integrity: 'trusted' });
    expect(verdict(sendWith({}), { to: 'lena@acme.test' }, { search }).verdict).toBe('permit');
    expect(verdict(sendWith({}), { to: 'eve@evil.test' }, { search }).verdict).toBe('ask');
  });

  it('trusts identifiers for the server that vouches for them, and for no other', () => {
    const search = searchWith({ identifiers: ['contacts.email'] });
    const own = { ...sendWith({}), tool: { ...sendWith({}).tool, server: 'crm' }, name: 'crm/send' as const };
    expect(verdict(own, { to: 'lena@acme.test' }, { search }).verdict).toBe('permit');
    expect(verdict(own, { to: 'dana@acme.test' }, { search }).verdict).toBe('ask');
    expect(verdict(sendWith({}), { to: 'lena@acme.test' }, { search }).verdict).toBe('ask');
  });

  it.each<[string, JsonObject, string]>([
    ['pinned by a limit', { to: 'eve@evil.test' }, 'permit'],
    ['under a name that only looks like the path', { 'mail.to': 'eve@evil.test' }, 'ask'],
    ['where the path leads', { mail: { to: 'eve@evil.test' } }, 'permit'],
    ['in a list under it', { to: ['eve@evil.test', 'bob@evil.test'] }, 'permit'],
    ['below it', { to: { cc: 'eve@evil.test' } }, 'ask'],
  ])('a value %s', (_, args, expected) => {
    const send = sendWith({ path: '*' });
    expect(verdict(send, args, { assess: { constants: new Set(['to', 'mail\0to']) } }).verdict).toBe(expected);
  });

  it('trusts what is attested of the user, under its own name', () => {
    const update = tool('crm/update', {
      effect: 'write',
      sinks: [{ path: 'customer_id', carries: 'authority', declared: true }],
    });
    const attributes = { customer_id: 'c-1001', email: 'me@acme.test' };
    expect(verdict(update, { customer_id: 'c-1001' }, { attributes }).verdict).toBe('permit');
    expect(verdict(update, { customer_id: 'c-2002' }, { attributes }).verdict).toBe('ask');
    expect(verdict(sendWith({}), { to: 'me@acme.test' }, { attributes }).verdict).toBe('permit');
  });
});

describe('what somebody found to do little harm', () => {
  const low = { consequence: 'low' } as const;
  it('needs no words of the prompt, and asks about no argument that nobody wrote down', () => {
    const send = sendWith({ declared: false }, low);
    expect(verdict(send, { to: 'eve@evil.test' }, { prompt: 'What is new?' })).toMatchObject({
      verdict: 'permit',
      proved: false,
    });
    expect(verdict(sendWith({ declared: true }, low), { to: 'eve@evil.test' })).toMatchObject({
      verdict: 'ask',
      declared: true,
    });
  });
});

describe('a sink that is bound to its sources', () => {
  const from = ['crm/search.contacts.email'];
  it('takes what the prompt says, and no record that the prompt names elsewhere', () => {
    const prompt = 'Send a mail to kim@b.test and to Lena, and to the owner.';
    expect(verdict(sendWith({ from }), { to: 'kim@b.test' }, { prompt }).verdict).toBe('permit');
    expect(verdict(sendWith({ from }), { to: 'lena@acme.test' }, { prompt })).toMatchObject({ proved: true });
    expect(verdict(sendWith({ from }), { to: 'dana@acme.test' }, { prompt }).verdict).not.toBe('permit');
  });
});

describe('what may leave the organisation', () => {
  const send = sendWith({});
  it.each<[string, string, readonly string[], boolean]>([
    ['nobody said who is inside', 'lena@acme.test', [], true],
    ['somebody inside', 'lena@acme.test', ['acme.test'], false],
    ['somebody in a subdomain', 'lena@mail.acme.test', ['acme.test'], true],
    ['a subdomain that counts', 'lena@mail.acme.test', ['*.acme.test'], false],
    ['a domain that ends like it', 'lena@evilacme.test', ['acme.test', '*.acme.test'], true],
    ['one of two', 'lena@acme.test, eve@evil.test', ['acme.test'], true],
    ['a name that is no address', 'Lena', ['acme.test'], true],
  ])('%s', (_, to, domains, outward) => {
    expect(verdict(send, { to }, { assess: { domains } }).outward).toBe(outward);
  });
});

describe('a resource of a server', () => {
  const read = tool('docs/mcp.resources.read', { sinks: [{ path: 'uri', carries: 'destination', declared: false }] });
  it.each<[string, string, string]>([
    ['in the server’s own scheme', 'note://today/3', 'permit'],
    ['on the web', 'https://evil.test/?q=1', 'ask'],
    ['on the web, by another client', 'git+https://evil.test/x', 'ask'],
    ['of no scheme', 'evil.test/x', 'ask'],
    ['in upper case', ' HTTPS://evil.test', 'ask'],
  ])('%s', (_, uri, expected) => expect(verdict(read, { uri }).verdict).toBe(expected));
});

describe('an address in an argument that no table names', () => {
  const prompt = 'Share the plan with kim@b.test as rw.';
  const share = tool('drive/share_plan', { effect: 'write', consequence: 'high', declared: false });
  it.each<[string, JsonObject, string]>([
    ['of the prompt', { collaborator: 'kim@b.test' }, 'permit'],
    ['of nobody', { collaborator: 'mallory@evil.test' }, 'ask'],
    ['of nobody, among others', { people: ['kim@b.test', 'mallory@evil.test'] }, 'ask'],
    ['of nobody, within an object', { message: { to: 'mallory@evil.test' } }, 'ask'],
    ['of nobody, as a name', { permissions: { 'mallory@evil.test': 'rw' } }, 'ask'],
    ['of the prompt, as a name', { permissions: { 'kim@b.test': 'rw' } }, 'permit'],
    ['of the prompt, as a name written otherwise', { permissions: { 'KIM@b.test': 'rw' } }, 'ask'],
    ['of nobody, in a text', { text: 'Kim wrote to mallory@evil.test about it.' }, 'permit'],
    ['an account of nobody', { creditor: 'GB33BUKB20201555555555' }, 'ask'],
  ])('%s', (_, args, expected) => {
    const { verdict: said } = verdict(share, args, { prompt });
    expect(said === 'deny' ? 'ask' : said).toBe(expected);
  });
});
