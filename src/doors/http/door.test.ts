import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ErrorCode, errorEntry } from '../../base/errors.ts';
import { Fault } from '../../base/fault.ts';
import {
  approvalsSchema,
  callAnswerSchema,
  cardSchema,
  errorSchema,
  eventsSchema,
  explanationSchema,
  healthSchema,
  startedRunSchema,
  toolsSchema,
} from '../../contract/http.ts';
import type { NewTokenClaims, TokenKind } from '../../contract/tokens.ts';
import {
  type Answer,
  HOUR_MS,
  makeApproval,
  makeEvent,
  openTestDoor,
  START_MS,
  type TestDoor,
} from './door.fixture.ts';
import { routes as allRoutes } from './door.ts';
import { routeRules } from './permissions-of-routes.ts';

/**
 * Those that take no account: whoever has a token alone reads and answers, and no more. Who comes to the others is for
 * `test/laws/permissions.test.ts`.
 */
const withoutAccount: ReadonlySet<string | undefined> = new Set(['record.read', 'approval.answer', undefined]);
const routes = allRoutes.filter(
  ({ kinds, method, path }) => kinds.length > 0 && withoutAccount.has(routeRules[`${method} ${path}`]?.permission),
);

let test: TestDoor;
beforeEach(async () => {
  test = await openTestDoor();
});
afterEach(() => test.listener.close());

const claimsOf = (kind: TokenKind, tenant = 'acme'): NewTokenClaims =>
  kind === 'agent'
    ? { kind, sub: 'support', tenant, run: 'run_1' }
    : kind === 'host'
      ? { kind, tenant }
      : { kind, sub: 'ada', tenant };
const tokenOf = (kind: TokenKind, tenant = 'acme'): Promise<string> => test.token(claimsOf(kind, tenant));

function expectError(answer: Answer, code: ErrorCode): z.infer<typeof errorSchema>['error'] {
  const { error } = errorSchema.parse(answer.body);
  expect(error.code).toBe(code);
  expect(answer.status).toBe(errorEntry(code).http);
  expect(answer.headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-store' });
  return error;
}

/** A good body for each route that reads one. */
const bodies: Readonly<Record<string, unknown>> = {
  'POST /v1/runs': { agent: 'support', task: 'answer the mail', prompt: [{ kind: 'user', text: 'hello' }] },
  'POST /v1/calls': { tool: 'mail/send', arguments: { to: 'a@b.test' } },
  'POST /v1/approvals/:id/answer': { approve: true },
  'POST /v1/runs/:id/ingest': { content: 'hello', source: 'mail' },
  'POST /v1/runs/:id/plans': { calls: [{ tool: 'mail/send', arguments: { to: 'a@b.test' } }, { tool: 'mail/read' }] },
  'POST /v1/duties': { to: 'bo', for: '8h' },
  'POST /v1/runs/:id/steps': { model: 'large-1', output: 'hello' },
  'POST /v1/templates': { id: 'triage', version: '1', text: 'Sort this.' },
  'POST /v1/runs/:id/usage': { tokens: 3, spend: '0.01 USD' },
  'POST /v1/scan': { text: 'hello' },
};
const bodyOf = (route: { method: string; path: string }) => {
  const body = bodies[`${route.method} ${route.path}`];
  return body === undefined ? {} : { body };
};

function fill(): void {
  test.runtime.approvals.set('apr_1', makeApproval('acme', 'apr_1'));
  test.runtime.events.push(
    makeEvent('acme', 1, 'call_1'),
    makeEvent('globex', 2, 'call_2'),
    makeEvent('acme', 3, 'call_1'),
  );
}
const startRun = async (tenant = 'acme') =>
  startedRunSchema.parse(
    (await test.send('POST', '/v1/runs', { token: await tokenOf('host', tenant), body: bodies['POST /v1/runs'] })).body,
  );

describe('health', () => {
  it('says that it lives and is ready, to any Host', async () => {
    for (const path of ['/healthz', '/readyz']) {
      const answer = await test.send('GET', path, { headers: { host: '10.1.2.3:7070' } });
      expect(answer.status).toBe(200);
      healthSchema.parse(answer.body);
    }
  });

  it('says when it is not ready, or cannot tell', async () => {
    test.runtime.isReady = async () => false;
    expectError(await test.send('GET', '/readyz'), 'E_BUSY');
    test.runtime.isReady = async () => Promise.reject(new Error('secret'));
    expect((await test.send('GET', '/readyz')).text).not.toContain('secret');
    expect((await test.send('GET', '/healthz')).status).toBe(200);
  });
});

describe('runs', () => {
  it('are started by a host, who attests user and prompt, and gets a token bound to the run', async () => {
    const user = { id: 'u1', groups: ['staff'], attributes: { department: 'sales' } };
    const body = { agent: 'support', user, task: 'mail', prompt: [{ kind: 'quote', text: 'hi' }], lifetime: '30m' };
    const answer = await test.send('POST', '/v1/runs', { token: await tokenOf('host'), body });
    expect(answer.status).toBe(201);
    const { run, token, expiresAt } = startedRunSchema.parse(answer.body);
    expect(run).toMatchObject({ agent: 'support', user, task: 'mail', attested: true });
    expect(expiresAt).toBe(new Date(START_MS + HOUR_MS / 2).toISOString());
    const { lifetime: _, ...rest } = body;
    expect(test.runtime.asked[0]).toEqual(['startRun', { ...rest, tenant: 'acme', lifetimeMs: HOUR_MS / 2 }]);
    expect(await test.signer.verify(token, 'https://gateway.test/mcp')).toMatchObject({
      kind: 'agent',
      sub: 'support',
      tenant: 'acme',
      run: run.id,
      exp: (START_MS + HOUR_MS / 2) / 1_000,
    });
    const called = await test.send('POST', '/v1/calls', { token, body: bodies['POST /v1/calls'] });
    expect(called.status).toBe(200);
    expect(test.runtime.asked.at(-1)?.[1]).toEqual({ tenant: 'acme', agent: 'support', runId: run.id });
  });

  it('take their tenant from the token and never from the body', async () => {
    const body = { ...(bodies['POST /v1/runs'] as object), tenant: 'globex' };
    expectError(await test.send('POST', '/v1/runs', { token: await tokenOf('host'), body }), 'E_REQUEST_INVALID');
    expect(test.runtime.runs.size).toBe(0);
  });

  it('are read and ended', async () => {
    const { run } = await startRun();
    const token = await tokenOf('host');
    expect((await test.send('GET', `/v1/runs/${run.id}`, { token })).body).toEqual({ run });
    const ended = { run: { ...run, endedAt: new Date(START_MS).toISOString() } };
    expect((await test.send('DELETE', `/v1/runs/${run.id}`, { token })).body).toEqual(ended);
    expect((await test.send('GET', `/v1/runs/${run.id}`, { token })).body).toEqual(ended);
    expectError(await test.send('GET', '/v1/runs/run_9', { token }), 'E_RUN_UNKNOWN');
  });

  it('are ended again when no token can be signed for them', async () => {
    const token = await tokenOf('host');
    test.signer.sign = async () => Promise.reject(new Fault('E_CONFIG', 'the key is gone'));
    const answer = await test.send('POST', '/v1/runs', { token, body: bodies['POST /v1/runs'] });
    expectError(answer, 'E_CONFIG');
    expect(answer.text).not.toContain('the key is gone');
    expect(test.runtime.asked.at(-1)).toEqual(['endRun', 'acme', 'run_1']);
  });

  it('are seen by the agent whose token is bound to them, and by no other', async () => {
    const { run, token } = await startRun();
    const other = await startRun();
    expect((await test.send('GET', `/v1/runs/${run.id}`, { token })).body).toEqual({ run });
    expectError(await test.send('GET', `/v1/runs/${run.id}`, { token: other.token }), 'E_RUN_UNKNOWN');
    const unbound = await test.token({ kind: 'agent', sub: 'support', tenant: 'acme' });
    expectError(await test.send('GET', `/v1/runs/${run.id}`, { token: unbound }), 'E_RUN_UNKNOWN');
    const impostor = await test.token({ kind: 'agent', sub: 'other', tenant: 'acme', run: run.id });
    expectError(await test.send('GET', `/v1/runs/${run.id}`, { token: impostor }), 'E_RUN_UNKNOWN');
  });
});

describe('calls', () => {
  const call = async (body: unknown = bodies['POST /v1/calls']) =>
    test.send('POST', '/v1/calls', { token: await tokenOf('agent'), body });

  it('pass on the key a client gives them, and refuse what is none', async () => {
    const sent = async (key: string) =>
      test.send('POST', '/v1/calls', {
        token: await tokenOf('agent'),
        body: bodies['POST /v1/calls'],
        headers: { 'idempotency-key': key },
      });
    for (const key of ['8e03978e-40d5', '"quoted"', 'x'.repeat(255)]) {
      expect((await sent(key)).status).toBe(200);
      expect(test.runtime.asked.at(-1)?.[2]).toMatchObject({ key });
    }
    const asked = test.runtime.asked.length;
    for (const key of ['', 'a b', 'x'.repeat(256), 'schlüssel'])
      expect(expectError(await sent(key), 'E_REQUEST_INVALID').detail).toMatch(/^Idempotency-Key/);
    expect(test.runtime.asked).toHaveLength(asked);
  });

  it.each([
    ['E_IDEMPOTENCY_KEY', 409, 'no'],
    ['E_RESULT_GONE', 410, 'yes'],
  ] as const)('answer %s with %i, and whether anything ran', async (code, status, ran) => {
    test.runtime.answerCall = async () => ({ kind: 'refused', callId: 'call_1', code, ran });
    const answer = await call();
    expect(answer.status).toBe(status);
    expect(expectError(answer, code)).toMatchObject({ ran, callId: 'call_1' });
  });

  it('answer with the result', async () => {
    const answer = await call({ tool: 'mail/send', arguments: { to: 'a@b.test' }, approval: 'apr_1' });
    expect(answer.status).toBe(200);
    expect(callAnswerSchema.parse(answer.body)).toEqual({
      status: 'completed',
      callId: 'call_1',
      result: { content: [{ type: 'text', text: 'done' }] },
    });
    expect(test.runtime.asked.at(-1)).toEqual([
      'call',
      { tenant: 'acme', agent: 'support', runId: 'run_1' },
      { tool: 'mail/send', arguments: { to: 'a@b.test' }, approvalId: 'apr_1' },
    ]);
  });

  it('answer 202 with the approval a person has to give', async () => {
    test.runtime.answerCall = async () => ({
      kind: 'refused',
      callId: 'call_1',
      code: 'E_APPROVAL_PENDING',
      ran: 'no',
      approvalId: 'apr_1',
    });
    const answer = await call();
    expect(answer.status).toBe(202);
    expect(callAnswerSchema.parse(answer.body)).toMatchObject({ status: 'pending', approval: { id: 'apr_1' } });
  });

  it.each(['E_DENIED', 'E_ARGUMENTS_INVALID', 'E_UPSTREAM_TIMEOUT', 'E_CANCELLED', 'E_INTERNAL'] as const)(
    'refuse with %s in words a model may see',
    async (code) => {
      test.runtime.answerCall = async () => ({ kind: 'refused', callId: 'call_1', code, ran: 'unknown' });
      const error = expectError(await call(), code);
      expect(error).toMatchObject({ message: errorEntry(code).toModel, callId: 'call_1', ran: 'unknown' });
      expect(error.next).not.toContain('chaperone');
    },
  );

  it('list the tools of the agent', async () => {
    const answer = await test.send('GET', '/v1/tools', { token: await tokenOf('agent') });
    expect(toolsSchema.parse(answer.body).tools).toMatchObject([
      { name: 'mail/send', effect: 'write', consequence: 'medium' },
    ]);
  });
});

describe('persons', () => {
  beforeEach(fill);

  it('list, read and answer approvals, and never see the nonce', async () => {
    const token = await tokenOf('person');
    const listed = await test.send('GET', '/v1/approvals', { token });
    expect(approvalsSchema.parse(listed.body).approvals.map(({ id }) => id)).toEqual(['apr_1']);
    const one = await test.send('GET', '/v1/approvals/apr_1', { token });
    expect(z.object({ card: cardSchema }).parse(one.body).card).toMatchObject({ needs: { persons: 1 } });
    const answered = await test.send('POST', '/v1/approvals/apr_1/answer', { token, body: { approve: true } });
    expect(answered.body).toMatchObject({ approval: { state: 'approved', answeredBy: 'ada' } });
    const again = await test.send('POST', '/v1/approvals/apr_1/answer', { token, body: { approve: false } });
    expectError(again, 'E_APPROVAL_USED');
    for (const answer of [listed, one, answered, again]) expect(answer.text).not.toContain('c0ffee');
    expect(test.runtime.asked.at(-1)).toEqual([
      'answerApproval',
      { tenant: 'acme', approvalId: 'apr_1', approve: false, by: 'ada', presence: 'token', groups: [] },
    ]);
  });

  it('read why a call was decided as it was', async () => {
    const token = await tokenOf('person');
    const answer = await test.send('GET', '/v1/decisions/call_1', { token });
    expect(explanationSchema.parse(answer.body)).toMatchObject({
      callId: 'call_1',
      decision: { verdict: 'deny' },
      events: [{ seq: 1 }, { seq: 3 }],
    });
    expectError(await test.send('GET', '/v1/decisions/call_9', { token }), 'E_NOT_FOUND');
  });

  it('page through the events of their tenant', async () => {
    const token = await tokenOf('person');
    const page = async (query: string) =>
      eventsSchema.parse((await test.send('GET', `/v1/events${query}`, { token })).body);
    expect(await page('')).toMatchObject({ events: [{ seq: 1 }, { seq: 3 }], next: 3 });
    expect(await page('?limit=1')).toMatchObject({ events: [{ seq: 1 }], next: 1 });
    expect(await page('?after=1&limit=1')).toMatchObject({ events: [{ seq: 3 }], next: 3 });
    expect(await page('?after=3')).toEqual({ events: [], next: 3 });
    for (const query of ['?after=-1', '?after=x', '?limit=0', '?limit=1001', '?afterr=1', '?after=1.5']) {
      expectError(await test.send('GET', `/v1/events${query}`, { token }), 'E_REQUEST_INVALID');
    }
  });
});

describe('who may come where', () => {
  const kinds: readonly TokenKind[] = ['agent', 'host', 'person'];
  const matrix = routes.flatMap((route) =>
    kinds.map((kind) => ({ ...route, kind, allowed: route.kinds.includes(kind) })),
  );

  it.each(matrix)('$method $path, $kind: $allowed', async (route) => {
    fill();
    await startRun();
    const answer = await test.send(route.method, route.path.replace(':id', 'run_1'), {
      token: await tokenOf(route.kind),
      ...bodyOf(route),
    });
    if (route.allowed) expect(answer.status).not.toBe(403);
    else {
      expectError(answer, 'E_ROLE_MISSING');
      expect(answer.headers['www-authenticate']).toMatch(
        /error="insufficient_scope", scope="[a-z: ]+", resource_metadata="http:\/\/127/,
      );
    }
  });

  it.each(routes)('$method $path wants a token, a good one, for us, of a known kind', async (route) => {
    const path = route.path.replace(':id', 'run_1');
    const none = await test.send(route.method, path, bodyOf(route));
    expectError(none, 'E_AUTH_REQUIRED');
    expect(none.headers['www-authenticate']).toBe(
      `Bearer realm="chaperone", resource_metadata="http://127.0.0.1:${test.listener.port}/.well-known/oauth-protected-resource/mcp"`,
    );
    const good = await tokenOf(route.kinds[0] ?? 'agent');
    const elsewhere = await test.signer.sign(
      { ...claimsOf(route.kinds[0] ?? 'agent') },
      'https://other.test',
      START_MS + HOUR_MS,
    );
    const strange = await test.signer.sign(
      { kind: 'root', sub: 'x', tenant: 'acme' },
      'https://gateway.test/mcp',
      START_MS + HOUR_MS,
    );
    for (const token of [`${good}x`, good.slice(1), elsewhere, strange]) {
      const answer = await test.send(route.method, path, { token, ...bodyOf(route) });
      expectError(answer, 'E_TOKEN_INVALID');
      expect(answer.headers['www-authenticate']).toContain('error="invalid_token"');
    }
    for (const authorization of [good, `Basic ${good}`, 'Bearer', 'Bearer ', `Bearer ${good} x`, `Bearer "${good}"`]) {
      expectError(
        await test.send(route.method, path, { headers: { authorization }, ...bodyOf(route) }),
        'E_AUTH_REQUIRED',
      );
    }
    expect(test.runtime.asked).toEqual([]);
    expect(JSON.stringify(test.reports)).not.toContain(good.slice(0, 20));
  });
});

describe('two tenants', () => {
  /** An id of acme's that exists, for each route that has one in its path. */
  const ids: Readonly<Record<string, string>> = {
    '/v1/runs/:id': 'run_1',
    '/v1/runs/:id/ingest': 'run_1',
    '/v1/runs/:id/steps': 'run_1',
    '/v1/runs/:id/usage': 'run_1',
    '/v1/runs/:id/resume': 'run_1',
    '/v1/runs/:id/plans': 'run_1',
    '/v1/approvals/:id': 'apr_1',
    '/v1/approvals/:id/answer': 'apr_1',
    '/v1/decisions/:id': 'call_1',
    '/v1/calls/:id/receipt': 'call_1',
  };
  const named = routes.filter((route) => route.path.includes(':id'));

  it('covers every route with an id', () => {
    for (const route of named) expect(ids[route.path], route.path).toBeDefined();
  });

  for (const leaky of [false, true]) {
    const name = leaky ? ', even if the runtime hands it out' : '';
    it.each(named)(`$method $path of another tenant is as if it were not there${name}`, async (route) => {
      fill();
      await startRun();
      test.runtime.leaky = leaky;
      for (const kind of route.kinds) {
        const token = await tokenOf(kind, 'globex');
        const ask = async (id: string) => {
          test.runtime.asked.length = 0;
          const answer = await test.send(route.method, route.path.replace(':id', id), { token, ...bodyOf(route) });
          return { status: answer.status, text: answer.text, asked: test.runtime.asked.map(([method]) => method) };
        };
        const theirs = await ask(ids[route.path] ?? '');
        expect(theirs.status).toBe(404);
        // The same bytes, made by the same steps: neither the answer nor its time tells the two apart.
        expect(theirs).toEqual(await ask('none_such'));
      }
      expect(test.runtime.runs.get('run_1')).not.toHaveProperty('endedAtMs');
      expect(test.runtime.approvals.get('apr_1')?.state).toBe('pending');
      expect(test.reports.length > 0).toBe(leaky);
    });

    it(`lists hold nothing of another tenant${name}`, async () => {
      fill();
      test.runtime.leaky = leaky;
      const token = await tokenOf('person', 'globex');
      const events = eventsSchema.parse((await test.send('GET', '/v1/events', { token })).body);
      expect(events.events.map(({ seq }) => seq)).toEqual([2]);
      expect((await test.send('GET', '/v1/approvals', { token })).body).toEqual({ approvals: [] });
    });
  }

  it('hands the runtime the tenant of the token, on every route', async () => {
    fill();
    await startRun('globex');
    for (const route of routes) {
      for (const kind of route.kinds) {
        test.runtime.asked.length = 0;
        const token = await tokenOf(kind, 'globex');
        await test.send(route.method, route.path.replace(':id', 'run_1'), { token, ...bodyOf(route) });
        expect(test.runtime.asked.length).toBeGreaterThan(0);
        for (const [, first] of test.runtime.asked) {
          expect(typeof first === 'string' ? first : (first as { tenant: string }).tenant).toBe('globex');
        }
      }
    }
  });
});

describe('what is not understood', () => {
  const bad: readonly [string, unknown, RegExp | undefined, ErrorCode][] = [
    ['no body', '', /not JSON/, 'E_REQUEST_INVALID'],
    ['half a body', '{"tool":', /not JSON/, 'E_REQUEST_INVALID'],
    ['a list', [], /the request: /, 'E_REQUEST_INVALID'],
    ['no tool', {}, /\/tool: /, 'E_REQUEST_INVALID'],
    ['a tool that is a number', { tool: 1 }, /\/tool: expected string/, 'E_REQUEST_INVALID'],
    ['a member nobody knows', { tool: 'mail/send', argument: {} }, /argument/, 'E_REQUEST_INVALID'],
    ['arguments that are a list', { tool: 'mail/send', arguments: [] }, /\/arguments: /, 'E_REQUEST_INVALID'],
    ['a prototype', '{"tool":"mail/send","arguments":{"__proto__":{}}}', /__proto__/, 'E_REQUEST_INVALID'],
    ['half a surrogate pair', '{"tool":"mail/send","arguments":{"a":"\\ud800"}}', /surrogate/, 'E_REQUEST_INVALID'],
    ['a huge number', '{"tool":"mail/send","arguments":{"a":1e999}}', /not finite/, 'E_REQUEST_INVALID'],
    [
      'too much depth',
      `{"tool":"mail/send","arguments":${'{"a":'.repeat(70)}1${'}'.repeat(70)}}`,
      /nested too deeply/,
      'E_LIMIT',
    ],
    ['depth without end', '['.repeat(200_000), undefined, 'E_REQUEST_INVALID'],
    ['a byte order mark', '\ufeff{}', /not JSON/, 'E_REQUEST_INVALID'],
  ];
  it.each(bad)('%s is refused, and says where', async (_name, body, detail, code) => {
    const error = expectError(await test.send('POST', '/v1/calls', { token: await tokenOf('agent'), body }), code);
    if (detail) expect(error.detail).toMatch(detail);
    expect(test.runtime.asked).toEqual([]);
  });

  const types: readonly [string, Record<string, string>][] = [
    ['text', { 'content-type': 'text/plain' }],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['another character set', { 'content-type': 'application/json; charset=utf-16' }],
    ['a suffix', { 'content-type': 'application/jsonp' }],
    ['nothing', { 'content-type': '' }],
    ['compressed', { 'content-type': 'application/json', 'content-encoding': 'gzip' }],
  ];
  it.each(types)('a body that is %s is refused', async (_name, headers) => {
    expectError(
      await test.send('POST', '/v1/calls', { token: await tokenOf('agent'), body: '{}', headers }),
      'E_MEDIA_TYPE',
    );
  });

  it('bytes that are not UTF-8 are refused', async () => {
    const body = Buffer.from('{"tool":"mail/send","arguments":{"a":"\xff"}}', 'latin1');
    const headers = { authorization: `Bearer ${await tokenOf('agent')}`, 'content-type': 'application/json' };
    const answer = await test.door.fetch(new Request('http://localhost/v1/calls', { method: 'POST', headers, body }));
    expect(await answer.json()).toMatchObject({
      error: { code: 'E_REQUEST_INVALID', detail: 'the body is not UTF-8' },
    });
  });

  it.each([
    '/',
    '/v1',
    '/v1/',
    '/v1/run',
    '/v1/runs/',
    '/v1/runs/a/b',
    '/V1/runs',
    '//v1/runs',
    '/v1/runs%2Fa',
    '/%00',
    '/mcp',
    '/../etc/passwd',
  ])('%s is no address', async (path) => {
    expectError(await test.send('GET', path, { token: await tokenOf('host') }), 'E_NOT_FOUND');
  });

  it('a method that does not fit names those that do', async () => {
    const answer = await test.send('PUT', '/v1/runs/run_1', { token: await tokenOf('host') });
    expectError(answer, 'E_METHOD');
    expect(answer.headers['allow']).toBe('GET, DELETE');
  });
});

describe('what does not work', () => {
  it('a bug gives an id that the report carries too, and nothing else', async () => {
    test.runtime.listTools = async () => {
      throw new Error('postgres://user:secret@db');
    };
    const answer = await test.send('GET', '/v1/tools', { token: await tokenOf('agent') });
    const { id } = expectError(answer, 'E_INTERNAL');
    expect(answer.text).not.toMatch(/secret|postgres|at /);
    expect(test.reports).toMatchObject([{ code: 'E_INTERNAL', id, error: { message: 'postgres://user:secret@db' } }]);
  });

  it('a fault gives its code, and keeps its message inside', async () => {
    test.runtime.readEvents = async () => Promise.reject(new Fault('E_STORE', 'disk /dev/sda1 is full'));
    const answer = await test.send('GET', '/v1/events', { token: await tokenOf('person') });
    expectError(answer, 'E_STORE');
    expect(answer.text).not.toContain('sda1');
    expect(test.reports).toMatchObject([{ code: 'E_STORE', message: 'disk /dev/sda1 is full' }]);
  });

  it('a signer that is broken denies, with a code', async () => {
    test.signer.verify = async () => Promise.reject(new Error('no keys'));
    expectError(await test.send('GET', '/v1/tools', { token: 'abc' }), 'E_INTERNAL');
  });
});
