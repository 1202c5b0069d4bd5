import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadText } from '../../src/app/config/load-config.ts';
import { Gateway } from '../../src/app/gateway.ts';
import { parseOptions } from '../../src/app/host-server.ts';
import { type Serving, serve } from '../../src/app/serve.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { NewTokenClaims } from '../../src/contract/tokens.ts';
import { answerApproval } from '../../src/runtime/approving/answer-approval.ts';
import { readCallRecord } from '../../src/runtime/explain.ts';
import { RunBook } from '../../src/runtime/run-book.ts';

/*
 * Two tenants never see each other's runs, approvals, decisions or events, whether they come in process, over HTTP or
 * over MCP, and cannot tell what exists with the other from what does not exist. Assumes the signing key is the
 * gateway's alone; every other claim of a token is varied here.
 */

const TENANTS = ['default', 'other'] as const;
type Tenant = (typeof TENANTS)[number];
const otherOf = (tenant: Tenant): Tenant => (tenant === 'default' ? 'other' : 'default');

/** What one tenant has: ids and texts that the other must never see. */
interface Belongings {
  readonly hostToken: string;
  readonly personToken: string;
  readonly runId: string;
  readonly agentToken: string;
  readonly callId: string;
  readonly approvalId: string;
  readonly askedCallId: string;
  /** Everything of the above that is an id or a text of this tenant's alone. */
  readonly secrets: readonly string[];
}

let folder: string;
let gateway: Gateway;
let serving: Serving;
const belongings = new Map<Tenant, Belongings>();
const of = (tenant: Tenant): Belongings => {
  const found = belongings.get(tenant);
  if (found === undefined) throw new Error(`nothing was set up for ${tenant}`);
  return found;
};

function manifestOf(tenant: string): string {
  return JSON.stringify({
    version: 1,
    data: '.chaperone',
    tenant,
    servers: { notes: { command: process.execPath, args: [join(import.meta.dirname, 'note-server.ts')] } },
    agents: { agent: { tools: { 'notes/read_note': {}, 'notes/write_note': { approval: 'required' } } } },
  });
}

async function openGateway(tenant: string, folder: string): Promise<Gateway> {
  const loaded = await loadText(manifestOf(tenant), 'chaperone.yaml', folder, parseOptions);
  return Gateway.open({ loaded, environment: { PATH: process.env['PATH'] }, notify: () => {} });
}

const sign = (claims: NewTokenClaims, audience = serving.audience) =>
  serving.signer.sign({ ...claims }, audience, systemClock.nowMs() + 3_600_000);

interface Reply {
  readonly status: number;
  readonly text: string;
  readonly body: Record<string, unknown>;
}

async function send(token: string, method: string, path: string, body?: unknown): Promise<Reply> {
  const response = await fetch(`${serving.origin}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, text, body: JSON.parse(text) as Record<string, unknown> };
}

async function setUp(tenant: Tenant): Promise<Belongings> {
  const canary = `canary-of-${tenant}`;
  const hostToken = await sign({ kind: 'host', sub: 'host', tenant });
  const personToken = await sign({ kind: 'person', sub: `person-of-${tenant}`, tenant });
  const started = await send(hostToken, 'POST', '/v1/runs', {
    agent: 'agent',
    task: `task ${canary}`,
    prompt: [{ kind: 'user', text: `prompt ${canary}` }],
    user: { id: `user-${canary}` },
  });
  expect(started.status).toBe(201);
  const { run, token: agentToken } = started.body as unknown as { run: { id: string }; token: string };
  const read = await send(agentToken, 'POST', '/v1/calls', { tool: 'notes/read_note', arguments: { note: canary } });
  expect(read).toMatchObject({ status: 200, body: { status: 'completed' } });
  const asked = await send(agentToken, 'POST', '/v1/calls', { tool: 'notes/write_note', arguments: { note: canary } });
  expect(asked).toMatchObject({ status: 202, body: { status: 'pending' } });
  const callId = String(read.body['callId']);
  const askedCallId = String(asked.body['callId']);
  const approvalId = (asked.body['approval'] as { id: string }).id;
  return {
    hostToken,
    personToken,
    runId: run.id,
    agentToken,
    callId,
    approvalId,
    askedCallId,
    secrets: [canary, run.id, callId, askedCallId, approvalId],
  };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-tenants-'));
  gateway = await openGateway('default', folder);
  serving = await serve(gateway, { notify: () => {}, port: 0 });
  for (const tenant of TENANTS) belongings.set(tenant, await setUp(tenant));
});
afterAll(async () => {
  await serving.close();
  await gateway.close();
  await rm(folder, { recursive: true, force: true });
});

function expectNothingOf(tenant: Tenant, text: string): void {
  for (const secret of of(tenant).secrets) expect(text).not.toContain(secret);
}

/** An answer without what names the request itself. */
function withoutIds(text: string, ...ids: readonly string[]): string {
  return ids.reduce((rest, id) => rest.replaceAll(id, '<id>'), text).replaceAll(/(call|err|req)_[0-9a-z]{30}/g, '<id>');
}

describe.each(TENANTS)('tenant %s and what is the other’s', (tenant) => {
  const other = otherOf(tenant);

  it('sees its own', async () => {
    const { runId, approvalId, callId, personToken, hostToken } = of(tenant);
    expect((await send(hostToken, 'GET', `/v1/runs/${runId}`)).status).toBe(200);
    expect((await send(personToken, 'GET', `/v1/approvals/${approvalId}`)).status).toBe(200);
    expect((await send(personToken, 'GET', `/v1/decisions/${callId}`)).status).toBe(200);
    const events = (await send(personToken, 'GET', '/v1/events?limit=1000')).text;
    for (const id of [runId, approvalId, callId]) expect(events).toContain(id);
  });

  it('is told over HTTP that the other’s things do not exist, as it is told of what does not exist', async () => {
    const mine = of(tenant);
    const theirs = of(other);
    const paths: readonly [token: string, method: string, path: (id: string) => string, id: string, body?: unknown][] =
      [
        [mine.hostToken, 'GET', (id) => `/v1/runs/${id}`, theirs.runId],
        [mine.personToken, 'GET', (id) => `/v1/runs/${id}`, theirs.runId],
        [mine.agentToken, 'GET', (id) => `/v1/runs/${id}`, theirs.runId],
        [mine.hostToken, 'DELETE', (id) => `/v1/runs/${id}`, theirs.runId],
        [mine.personToken, 'GET', (id) => `/v1/approvals/${id}`, theirs.approvalId],
        [mine.personToken, 'POST', (id) => `/v1/approvals/${id}/answer`, theirs.approvalId, { approve: true }],
        [mine.personToken, 'GET', (id) => `/v1/decisions/${id}`, theirs.callId],
        [mine.personToken, 'GET', (id) => `/v1/decisions/${id}`, theirs.askedCallId],
        [mine.personToken, 'GET', (id) => `/v1/decisions/${id}`, theirs.approvalId],
      ];
    for (const [token, method, path, id, body] of paths) {
      const unknown = `${id.slice(0, id.indexOf('_') + 1)}${'0'.repeat(30)}`;
      const real = await send(token, method, path(id), body);
      const invented = await send(token, method, path(unknown), body);
      expect(real.status, `${method} ${path(id)}`).toBe(404);
      expect(withoutIds(real.text, id)).toBe(withoutIds(invented.text, unknown));
      expect(invented.status).toBe(real.status);
    }
    // Nothing of it had an effect.
    expect((await send(theirs.hostToken, 'GET', `/v1/runs/${theirs.runId}`)).text).not.toContain('endedAt');
    const approval = await send(theirs.personToken, 'GET', `/v1/approvals/${theirs.approvalId}`);
    expect(approval.body).toMatchObject({ approval: { state: 'pending' } });
  });

  it('lists and pages through nothing of the other’s', async () => {
    const { personToken, agentToken } = of(tenant);
    for (const path of ['/v1/approvals', '/v1/events?limit=1000', '/v1/events?after=0&limit=1000']) {
      const { status, text } = await send(personToken, 'GET', path);
      expect(status).toBe(200);
      expectNothingOf(other, text);
    }
    for (let after = 0; after < 60; after += 1) {
      expectNothingOf(other, (await send(personToken, 'GET', `/v1/events?after=${after}&limit=1`)).text);
    }
    expectNothingOf(other, (await send(agentToken, 'GET', '/v1/tools')).text);
  });

  it('cannot call in the other’s run, or with the other’s approval, with a token of its own tenant', async () => {
    const theirs = of(other);
    const bound = await sign({ kind: 'agent', sub: 'agent', tenant, run: theirs.runId });
    const free = await sign({ kind: 'agent', sub: 'agent', tenant });
    const write = { tool: 'notes/write_note', arguments: { note: `canary-of-${other}` } };
    const before = (await send(theirs.personToken, 'GET', '/v1/events?limit=1000')).text;
    expect(await send(bound, 'POST', '/v1/calls', write)).toMatchObject({
      status: 404,
      body: { error: { code: 'E_RUN_UNKNOWN' } },
    });
    for (const token of [bound, free, of(tenant).agentToken]) {
      const reply = await send(token, 'POST', '/v1/calls', { ...write, approval: theirs.approvalId });
      expect(reply.status).toBeGreaterThanOrEqual(400);
    }
    expect((await send(bound, 'GET', `/v1/runs/${theirs.runId}`)).status).toBe(404);
    // The other does not even see that it was tried.
    expect((await send(theirs.personToken, 'GET', '/v1/events?limit=1000')).text).toBe(before);
  });

  it('is refused in process too, whichever way it names the other’s run', async () => {
    const theirs = of(other);
    const principal = { tenant, agent: 'agent' };
    const { world } = gateway;
    const fresh = new RunBook(world.clock, world.store, () => 3_600_000);
    for (const runs of [world.runs, fresh]) expect(await runs.find(principal, theirs.runId)).toBeUndefined();
    for (const approvalId of [undefined, theirs.approvalId]) {
      const answer = await gateway.call({
        principal,
        runId: theirs.runId,
        tool: 'notes/read_note',
        arguments: { note: 'x' },
        ...(approvalId === undefined ? {} : { approvalId }),
      });
      expect(answer).toMatchObject({ kind: 'refused', code: 'E_RUN_UNKNOWN', ran: 'no' });
    }
    for (const id of [theirs.callId, theirs.askedCallId, theirs.approvalId]) {
      await expect(readCallRecord(world.store, tenant, id)).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
    }
    const answering = {
      tenant,
      approvalId: theirs.approvalId,
      approve: true,
      by: 'thief',
      presence: 'terminal',
    } as const;
    await expect(answerApproval(world, answering)).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
    await expect(world.runs.end(tenant, theirs.runId)).rejects.toMatchObject({ code: 'E_RUN_UNKNOWN' });
    expect(await world.runs.find({ tenant: other, agent: 'agent' }, theirs.runId)).toBeDefined();
  });

  it('cannot use, read or end an MCP session of the other’s', async () => {
    const theirs = await connect(of(other).agentToken);
    const sessionId = theirs.transport.sessionId ?? '';
    expect(sessionId).not.toBe('');
    const mine = [of(tenant).agentToken, await sign({ kind: 'agent', sub: 'agent', tenant })];
    for (const token of mine) {
      const headers = {
        authorization: `Bearer ${token}`,
        'mcp-session-id': sessionId,
        accept: 'application/json, text/event-stream',
      };
      const listing = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
      const post = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: listing };
      for (const init of [post, { method: 'GET', headers }, { method: 'DELETE', headers }]) {
        const response = await fetch(`${serving.origin}/mcp`, init);
        expect(response.status, init.method).toBe(404);
        expectNothingOf(other, await response.text());
      }
    }
    expect((await theirs.client.listTools()).tools).toHaveLength(2);
    await theirs.client.close();
  });

  it('has a run of its own where no host starts one, although the agent has the same name', async () => {
    const { client } = await connect(await sign({ kind: 'agent', sub: 'agent', tenant }), 'auto');
    const note = `ambient-of-${tenant}`;
    const result = await client.callTool({ name: 'read_note', arguments: { note } });
    expect(result.isError).not.toBe(true);
    await client.close();
    const seen = async (by: Tenant) => (await send(of(by).personToken, 'GET', '/v1/events?limit=1000')).text;
    expect(await seen(tenant)).toContain(note);
    expect(await seen(other)).not.toContain(note);
  });
});

describe('an MCP session', () => {
  it('does not lend its run to a token that is bound to another run of the same agent', async () => {
    const start = { agent: 'agent', task: 'second', user: { id: 'user-canary-of-default' } };
    const { body } = await send(of('default').hostToken, 'POST', '/v1/runs', start);
    const second = body as unknown as { run: { id: string }; token: string };
    const { client, transport } = await connect(of('default').agentToken);
    const response = await fetch(`${serving.origin}/mcp`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${second.token}`,
        'mcp-session-id': transport.sessionId ?? '',
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'read_note', arguments: { note: 'whose run' } },
      }),
    });
    await response.text();
    await client.close();
    const lent = await gateway.world.store.readEvents({ tenant: 'default', runId: of('default').runId, limit: 1_000 });
    expect(JSON.stringify(lent)).not.toContain('whose run');
  });
});

describe('a second gateway, of another tenant', () => {
  it('takes no token of the first, not even with the same keys', async () => {
    const second = await mkdtemp(join(tmpdir(), 'chaperone-tenants-'));
    await cp(join(folder, '.chaperone', 'keys'), join(second, '.chaperone', 'keys'), { recursive: true });
    const theirs = await openGateway('other', second);
    const serves = await serve(theirs, { notify: () => {}, port: 0 });
    try {
      expect(serves.audience).not.toBe(serving.audience);
      for (const kind of ['host', 'person', 'agent'] as const) {
        for (const tenant of TENANTS) {
          const token = await sign({ kind, sub: 'agent', tenant });
          for (const path of ['/v1/events', '/v1/tools', '/mcp']) {
            const response = await fetch(`${serves.origin}${path}`, { headers: { authorization: `Bearer ${token}` } });
            expect(response.status, `${kind} of ${tenant} at ${path}`).toBe(401);
            await response.text();
          }
        }
      }
    } finally {
      await serves.close();
      await theirs.close();
      await rm(second, { recursive: true, force: true });
    }
  });
});

describe('any claims at all', () => {
  it('show nothing of a tenant to a person whose token does not name it', async () => {
    const name = fc.constantFrom('default2', 'defaul', 'DEFAULT', 'Other', 'other.', 'tenant', 'default-other');
    await fc.assert(
      fc.asyncProperty(name, fc.constantFrom(...TENANTS), async (tenant, victim) => {
        const token = await sign({ kind: 'person', sub: 'p', tenant });
        for (const path of ['/v1/approvals', '/v1/events?limit=1000', `/v1/decisions/${of(victim).callId}`]) {
          expectNothingOf(victim, (await send(token, 'GET', path)).text);
        }
      }),
      { numRuns: 20, seed: 3 },
    );
  });
});

async function connect(token: string, mode: 'legacy' | 'auto' = 'legacy') {
  const client = new Client({ name: 'tenant', version: '1.0.0' }, { versionNegotiation: { mode } });
  const transport = new StreamableHTTPClientTransport(new URL(`${serving.origin}/mcp`), {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
  });
  await client.connect(transport);
  return { client, transport };
}
