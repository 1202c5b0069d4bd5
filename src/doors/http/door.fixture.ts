import { generateKeyPairSync, sign as signBytes, verify as verifyBytes } from 'node:crypto';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { type Clock, systemClock } from '../../base/clock.ts';
import { digestBytes } from '../../base/digest.ts';
import { Fault } from '../../base/fault.ts';
import type { JsonObject } from '../../base/json.ts';
import type { NewTokenClaims } from '../../contract/tokens.ts';
import type { Approval } from '../../model/approval.ts';
import { digestEvent, type StoredEvent } from '../../model/event.ts';
import { leastLabel } from '../../model/label.ts';
import { manifestSchema } from '../../model/manifest.ts';
import type { Run } from '../../model/run.ts';
import type { GovernedTool } from '../../model/tool.ts';
import type { Signer } from '../../ports/signer.ts';
import { makeCard } from '../../runtime/approving/approval-card.ts';
import { createHttpDoor, type HttpDoor, type HttpDoorOptions } from './door.ts';
import type { HttpListener, ListenOptions } from './listen.ts';
import type { DoorReport } from './refuse.ts';
import type { AgentCaller, CallAnswer, HttpRuntime, NewRun, RequestedCall } from './runtime.ts';

/*
 * For the door's tests only: a signer with a real Ed25519 key in memory, and a runtime whose state is in maps, which
 * tenants share, so that only correct look-ups keep them apart.
 */

export const AUDIENCE = 'https://gateway.test/mcp';
export const START_MS = Date.UTC(2026, 0, 1);
export const HOUR_MS = 3_600_000;

export const clock: Clock = {
  nowMs: () => START_MS,
  monotonicMs: () => systemClock.monotonicMs(),
  randomBytes: (count) => systemClock.randomBytes(count),
};

export function createMemorySigner(): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const encode = (value: string | Uint8Array): string => Buffer.from(value).toString('base64url');
  let count = 0;
  return {
    async sign(claims, audience, expiresAtMs) {
      const seconds = START_MS / 1_000;
      const written = { iss: 'test', aud: audience, nbf: seconds, iat: seconds, exp: Math.floor(expiresAtMs / 1_000) };
      const body = encode(JSON.stringify({ ...claims, ...written, jti: `tok_${String(++count).padStart(16, '0')}` }));
      return `${body}.${encode(signBytes(null, Buffer.from(body), privateKey))}`;
    },
    async verify(token, audience) {
      const [body = '', signature = ''] = token.split('.');
      if (!verifyBytes(null, Buffer.from(body), publicKey, Buffer.from(signature, 'base64url'))) {
        throw new Fault('E_TOKEN_INVALID', 'the signature does not hold');
      }
      const claims: JsonObject = JSON.parse(Buffer.from(body, 'base64url').toString());
      if (claims['aud'] !== audience) throw new Fault('E_TOKEN_INVALID', 'for another audience');
      return claims;
    },
  };
}

export interface MemoryRuntime extends HttpRuntime {
  readonly runs: Map<string, Run & { readonly endedAtMs?: number }>;
  readonly approvals: Map<string, Approval>;
  readonly events: StoredEvent[];
  /** Every method that was called, with its arguments. */
  readonly asked: [string, ...unknown[]][];
  /** What calls come to. */
  answerCall: (caller: AgentCaller, call: RequestedCall, signal: AbortSignal) => Promise<CallAnswer>;
  /** Hands out whatever is asked for, whosever it is: what a runtime with a bug would do. */
  leaky: boolean;
}

export const tool: GovernedTool = {
  tool: { server: 'mail', name: 'send', description: 'Sends mail.', inputSchema: { type: 'object' } },
  name: 'mail/send',
  pin: digestBytes('pin'),
  effect: 'write',
  consequence: 'medium',
  declared: true,
  sinks: [],
};

export function createMemoryRuntime(): MemoryRuntime {
  const runs: MemoryRuntime['runs'] = new Map();
  const approvals: MemoryRuntime['approvals'] = new Map();
  const events: StoredEvent[] = [];
  const asked: MemoryRuntime['asked'] = [];
  const mine = (tenant: string, owner: string | undefined): boolean => runtime.leaky || tenant === owner;
  const runtime: MemoryRuntime = {
    runs,
    approvals,
    events,
    asked,
    leaky: false,
    tenant: 'acme',
    listIsolations: async (...args) => {
      asked.push(['listIsolations', ...args]);
      return { isolations: [], switches: [] };
    },
    previewStop: async (...args) => {
      asked.push(['previewStop', ...args]);
      return { inFlight: [], approvals: [] };
    },
    stop: async (...args) => {
      asked.push(['stop', ...args]);
      return { inFlight: [], approvals: [] };
    },
    resume: async (...args) => {
      asked.push(['resume', ...args]);
    },
    answerCall: async () => ({
      kind: 'result',
      callId: 'call_1',
      result: { content: [{ type: 'text', text: 'done' }] },
    }),
    async startRun(wanted: NewRun) {
      asked.push(['startRun', wanted]);
      const run: Run = {
        id: `run_${runs.size + 1}`,
        principal: { tenant: wanted.tenant, agent: wanted.agent, ...(wanted.user && { onBehalfOf: wanted.user }) },
        task: wanted.task,
        prompt: wanted.prompt,
        attested: true,
        label: leastLabel,
        startedAtMs: START_MS,
        expiresAtMs: START_MS + (wanted.lifetimeMs ?? 8 * HOUR_MS),
      };
      runs.set(run.id, run);
      return run;
    },
    async readRun(tenant, runId) {
      asked.push(['readRun', tenant, runId]);
      const run = runs.get(runId);
      return mine(tenant, run?.principal.tenant) ? run : undefined;
    },
    async endRun(tenant, runId) {
      asked.push(['endRun', tenant, runId]);
      const run = runs.get(runId);
      if (run) runs.set(runId, { ...run, endedAtMs: START_MS });
    },
    async resumeRun(resume) {
      asked.push(['resumeRun', resume]);
    },
    async reportUsage(report) {
      asked.push(['reportUsage', report]);
    },
    async readUsage(tenant, runId) {
      asked.push(['readUsage', tenant, runId]);
      return [{ kind: 'tokens', whose: 'this run', used: 3, advisory: true }];
    },
    async listTools(caller) {
      asked.push(['listTools', caller]);
      return [tool];
    },
    async call(caller, call, signal) {
      asked.push(['call', caller, call]);
      return runtime.answerCall(caller, call, signal);
    },
    async ingest(ingestion) {
      asked.push(['ingest', ingestion]);
      const scan = { risk: 0, flagged: false, source: 'mail', findings: [] };
      return { kind: 'ingested', id: 'evt_1', text: 'wrapped', scan };
    },
    async reportStep(reported) {
      asked.push(['reportStep', reported]);
      return 'evt_2';
    },
    async registerTemplate(tenant, template) {
      asked.push(['registerTemplate', tenant, template]);
      return `sha256:${'0'.repeat(64)}`;
    },
    async recordRead() {},
    async scan(wanted) {
      asked.push(['scan', wanted]);
      return { risk: 0, flagged: false, source: wanted.source, findings: [] };
    },
    async listApprovals(tenant) {
      asked.push(['listApprovals', tenant]);
      return [...approvals.values()].filter((approval) => mine(tenant, approval.tenant));
    },
    async readApproval(tenant, approvalId) {
      asked.push(['readApproval', tenant, approvalId]);
      const approval = approvals.get(approvalId);
      return mine(tenant, approval?.tenant) ? approval : undefined;
    },
    async readCard(approval) {
      return makeCard(manifestSchema.parse({ version: 1 }), approval, undefined);
    },
    async askPlan(plan) {
      asked.push(['askPlan', plan.principal.tenant, plan]);
      return { kind: 'asked', planId: 'pln_1', approvalId: 'apr_1', approvals: ['apr_1', undefined] };
    },
    async delegateDuty(wanted) {
      asked.push(['delegateDuty', wanted]);
      return { tenant: wanted.tenant, from: wanted.from, to: wanted.to, untilMs: START_MS + wanted.lifeMs };
    },
    async answerApproval(answer) {
      asked.push(['answerApproval', answer]);
      const before = approvals.get(answer.approvalId);
      if (before?.state !== 'pending') throw new Fault('E_APPROVAL_USED', `already answered, nonce ${before?.nonce}`);
      const state = answer.approve ? 'approved' : 'denied';
      const after: Approval = { ...before, state, answeredBy: answer.by, answeredAtMs: START_MS };
      approvals.set(after.id, after);
      return after;
    },
    async readReceipt(tenant, callId, caller = {}) {
      asked.push(['readReceipt', tenant, callId]);
      const found = events.find((event) => event.callId === callId && mine(tenant, event.tenant));
      if (found === undefined || (caller.agent !== undefined && found.agent !== caller.agent)) return undefined;
      return { tenant: found.tenant, event: found.id, seq: found.seq, proof: 'c2sp.org/tlog-proof@v1\n' };
    },
    async explain(tenant, callId) {
      asked.push(['explain', tenant, callId]);
      const found = events.filter((event) => event.callId === callId && mine(tenant, event.tenant));
      if (found.length === 0) throw new Fault('E_NOT_FOUND', `nothing is recorded of ${callId}`);
      return {
        callId,
        decision: {
          verdict: 'deny',
          reasons: [
            { code: 'E_DENIED', message: 'no mail', policy: 'p1', place: { file: 'a.cedar', line: 1, column: 2 } },
          ],
          obligations: [],
          bundle: digestBytes('bundle'),
        },
        events: found,
      };
    },
    async readEvents(tenant, afterSeq, limit) {
      asked.push(['readEvents', tenant, afterSeq, limit]);
      return events.filter((event) => event.seq > afterSeq && mine(tenant, event.tenant)).slice(0, limit);
    },
    async printMetrics(tenant) {
      asked.push(['printMetrics', tenant]);
      return { contentType: 'text/plain; version=0.0.4', text: 'chaperone_events_total 1\n' };
    },
    isReady: async () => true,
  };
  return runtime;
}

export function makeApproval(tenant: string, id: string): Approval {
  return {
    id,
    tenant,
    agent: 'support',
    runId: 'run_1',
    callId: `call_of_${id}`,
    tool: 'mail/send',
    pin: digestBytes('pin'),
    arguments: { to: 'a@b.test' },
    callDigest: digestBytes(id),
    nonce: 'c0ffee00c0ffee00c0ffee00c0ffee00',
    reasons: [{ code: 'E_APPROVAL_PENDING', message: 'mail leaves the company' }],
    askedAtMs: START_MS,
    expiresAtMs: START_MS + HOUR_MS,
    state: 'pending',
  };
}

export function makeEvent(tenant: string, seq: number, callId: string): StoredEvent {
  const event = {
    seq,
    id: `evt_${seq}`,
    kind: 'call.refused',
    tenant,
    callId,
    atMs: START_MS,
    body: { code: 'E_DENIED' },
  } as const;
  return { ...event, digest: digestEvent(event) };
}

export interface TestDoor {
  readonly door: HttpDoor;
  readonly listener: HttpListener;
  readonly runtime: MemoryRuntime;
  readonly signer: Signer;
  readonly reports: DoorReport[];
  token(claims: NewTokenClaims): Promise<string>;
  send(method: string, path: string, options?: SendOptions): Promise<Answer>;
}

export interface SendOptions {
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON; text as it is. */
  readonly body?: unknown;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON; undefined if it is none. */
  readonly body: unknown;
}

export async function openTestDoor(
  over: Partial<HttpDoorOptions> = {},
  where: Partial<ListenOptions> = {},
): Promise<TestDoor> {
  const runtime = createMemoryRuntime();
  const signer = createMemorySigner();
  const reports: DoorReport[] = [];
  const report = (one: DoorReport): void => void reports.push(one);
  const door = createHttpDoor({ runtime, signer, clock, audience: AUDIENCE, report, ...over });
  const listener = await door.listen({ host: '127.0.0.1', port: 0, ...where });
  return {
    door,
    listener,
    runtime,
    signer,
    reports,
    token: (claims) => signer.sign({ ...claims }, AUDIENCE, START_MS + HOUR_MS),
    send: (method, path, options = {}) => send(listener.port, method, path, options),
  };
}

/** One request over a real connection of its own. */
export function send(port: number, method: string, path: string, options: SendOptions = {}): Promise<Answer> {
  const { token, body } = options;
  const payload = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const headers = {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(payload !== undefined && {
      'content-type': 'application/json',
      ...(options.headers?.['transfer-encoding'] === undefined && {
        'content-length': String(Buffer.byteLength(payload)),
      }),
    }),
    ...options.headers,
  };
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ host: '127.0.0.1', port, method, path, headers, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, body: parse(text) });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(payload);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
