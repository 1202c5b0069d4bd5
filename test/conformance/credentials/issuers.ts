import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { systemClock } from '../../../src/base/clock.ts';
import { closeServer, listen } from '../../attacks/egress-world.ts';

/*
 * Issuers of credentials, each written from the published description of its API and no more than is asked of it there.
 * Each can be told to behave badly.
 */

/** How an issuer answers. `late` holds its answers back until it is told otherwise. */
export type Way = 'well' | 'refuses' | 'garbage' | 'other' | 'empty' | 'breaks off' | 'too long' | 'redirects' | 'late';
export const BAD_WAYS: readonly Way[] = ['refuses', 'garbage', 'other', 'empty', 'breaks off', 'too long', 'redirects'];

export interface Reply {
  readonly status?: number;
  readonly body?: unknown;
  /** Whether it is the answer to having something taken back. */
  readonly takesBack?: boolean;
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  readonly form: URLSearchParams;
  readonly json: Record<string, unknown>;
}

export interface Issuer {
  readonly url: string;
  way: Way;
  /** How often it refuses to take something back before it does. */
  refusals: number;
  /** What it has made for leases and not taken back. */
  readonly live: Set<string>;
  /** What it keeps, the same for all. */
  kept: string;
  /** Requests that were sent to it. */
  asked: number;
  /** Answers what was held back. */
  release(): void;
  close(): Promise<void>;
}

/** What its clients are known by. */
export const LOGIN = 'plum-otter-login-5d81c7';
/** What a session of AWS has besides its secret. */
export const SESSION_ID = 'ASIAPLUMOTTER7531';
export const SESSION_TOKEN = 'plum/otter+session-token==';
export const AWS_LOGIN = 'AKIDPLUMOTTER:plum/otter+login-5d81c7';

const redirected: string[] = [];

/** Everything that was sent where an issuer only pointed to. */
export function listRedirected(): readonly string[] {
  return redirected;
}

export async function startIssuer(handle: (asked: Asked, issuer: Issuer) => Reply): Promise<Issuer> {
  const held: (() => void)[] = [];
  const elsewhere = createServer((request, response) => {
    redirected.push(JSON.stringify(request.rawHeaders));
    response.end('{}');
  });
  const server = createServer(async (incoming, response) => {
    const asked = await readAsked(incoming);
    issuer.asked += 1;
    const reply = handle(asked, issuer);
    if (reply.takesBack === true) {
      if (issuer.refusals > 0) {
        issuer.refusals -= 1;
        return void response.writeHead(503).end('busy');
      }
      return send(response, reply);
    }
    const way = issuer.way;
    if (way === 'late') return void held.push(() => send(response, reply));
    answerAs(way, asked, reply, response, `http://127.0.0.1:${elsewherePort}/`);
  });
  const [port, elsewherePort] = [await listen(server), await listen(elsewhere)];
  const issuer: Issuer = {
    url: `http://127.0.0.1:${port}`,
    way: 'well',
    refusals: 0,
    live: new Set(),
    kept: 'plum-otter-kept-1',
    asked: 0,
    release: () => {
      issuer.way = 'well';
      for (const answer of held.splice(0)) answer();
    },
    close: async () => {
      issuer.release();
      await closeServer(server);
      await closeServer(elsewhere);
    },
  };
  return issuer;
}

function answerAs(way: Way, { headers, text }: Asked, reply: Reply, response: ServerResponse, elsewhere: string): void {
  // What is wrong with it repeats everything it was sent and made: none of that may be told to anybody.
  const all = JSON.stringify({ headers, text, reply });
  if (way === 'refuses') response.writeHead(403).end(all);
  else if (way === 'garbage') response.end(`<html>${all}`);
  else if (way === 'other') response.end(JSON.stringify({ error: all }));
  else if (way === 'empty') response.end();
  else if (way === 'too long') response.end(JSON.stringify({ all, padding: 'x'.repeat(80_000) }));
  else if (way === 'redirects') response.writeHead(307, { location: elsewhere }).end(all);
  else if (way === 'breaks off') {
    response.writeHead(200, { 'content-length': '5000' });
    response.write(all.slice(0, 20));
    response.destroy();
  } else send(response, reply);
}

function send(response: ServerResponse, { status = 200, body }: Reply): void {
  response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body ?? {}));
}

async function readAsked(incoming: IncomingMessage): Promise<Asked> {
  let text = '';
  for await (const chunk of incoming) text += String(chunk);
  const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://issuer');
  let json: Record<string, unknown> = {};
  try {
    json = JSON.parse(text) as Record<string, unknown>;
  } catch {
    // not every issuer is sent JSON
  }
  const { method = '', headers } = incoming;
  return { method, path: pathname, query: searchParams, headers, text, json, form: new URLSearchParams(text) };
}

const isBearer = ({ headers }: Asked) => headers.authorization === `Bearer ${LOGIN}`;
const inAnHour = () => new Date(systemClock.nowMs() + 3_600_000).toISOString().replace(/\.\d+/, '');
const no: Reply = { status: 403, body: 'no' };
let made = 0;

function make(issuer: Issuer): string {
  made += 1;
  const value = `plum-otter-made-${made}-${createHash('sha256').update(String(made)).digest('hex').slice(0, 12)}`;
  issuer.live.add(value);
  everything.push(value);
  return value;
}

const everything: string[] = [];

/** All that was ever made here. */
export function listMade(): readonly string[] {
  return everything;
}

/** Vault: a KV engine of version 2 at `secret`, one that makes credentials at `database`, AppRole, revoking. */
export const startVault = () => {
  const tokens = new Map([[LOGIN, new Set<string>()]]);
  const leases = new Map<string, string>();
  return startIssuer(({ method, path, headers, json }, issuer) => {
    if (method === 'POST' && path === '/v1/auth/approle/login') {
      if (json['role_id'] !== 'role-1' || json['secret_id'] !== LOGIN) return no;
      const token = make(issuer);
      tokens.set(token, new Set());
      return { body: { auth: { client_token: token } } };
    }
    const token = String(headers['x-vault-token'] ?? '');
    const own = tokens.get(token);
    if (own === undefined) return no;
    if (method === 'GET' && path === '/v1/secret/data/one')
      return {
        body: { lease_id: '', lease_duration: 0, data: { data: { value: issuer.kept }, metadata: { version: 1 } } },
      };
    if (method === 'GET' && path === '/v1/database/creds/reader') {
      const password = make(issuer);
      leases.set(`database/creds/reader/${password}`, password);
      own.add(password);
      const data = { username: 'v-reader', password };
      return { body: { lease_id: `database/creds/reader/${password}`, lease_duration: 3_600, data } };
    }
    if (method === 'PUT' && path === '/v1/sys/leases/revoke') {
      if (issuer.refusals === 0) issuer.live.delete(leases.get(String(json['lease_id'])) ?? '');
      return { status: 204, body: '', takesBack: true };
    }
    if (method === 'POST' && path === '/v1/auth/token/revoke-self') {
      if (issuer.refusals === 0) for (const one of [token, ...own]) issuer.live.delete(one);
      return { status: 204, body: '', takesBack: true };
    }
    return { status: 404, body: { errors: [] } };
  });
};

export const startDoppler = () =>
  startIssuer((asked, issuer) => {
    const { path, query } = asked;
    if (!isBearer(asked)) return no;
    const isIt = query.get('project') === 'web' && query.get('config') === 'prd' && query.get('name') === 'API_KEY';
    if (path !== '/v3/configs/config/secret' || !isIt) return { status: 404, body: { success: false } };
    return { body: { name: 'API_KEY', value: { raw: issuer.kept, computed: issuer.kept, note: '' } } };
  });

/** Kubernetes: Secrets, and tokens of a service account that end with the Secret they are bound to. */
export const startKubernetes = () => {
  const bound = new Map<string, { readonly uid: string; token?: string }>();
  return startIssuer((asked, issuer) => {
    const { method, path, json } = asked;
    if (!isBearer(asked)) return no;
    const base = '/api/v1/namespaces/agents';
    if (method === 'GET' && path === `${base}/secrets/one`)
      return { body: { kind: 'Secret', data: { value: Buffer.from(issuer.kept).toString('base64') } } };
    if (method === 'POST' && path === `${base}/secrets`) {
      const { name } = json['metadata'] as { name: string };
      if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name)) return { status: 422, body: {} };
      bound.set(name, { uid: `uid-${name}` });
      issuer.live.add(`secret ${name}`);
      return { status: 201, body: { kind: 'Secret', metadata: { name, uid: `uid-${name}` } } };
    }
    if (method === 'POST' && path === `${base}/serviceaccounts/agent/token`) {
      const spec = json['spec'] as { expirationSeconds: number; boundObjectRef: { name: string; uid: string } };
      const to = bound.get(spec.boundObjectRef.name);
      if (to === undefined || to.uid !== spec.boundObjectRef.uid || spec.expirationSeconds < 600)
        return { status: 422, body: {} };
      to.token = make(issuer);
      const expirationTimestamp = inAnHour();
      return { status: 201, body: { kind: 'TokenRequest', status: { token: to.token, expirationTimestamp } } };
    }
    const [, name = ''] = new RegExp(`^${base}/secrets/([^/]+)$`).exec(path) ?? [];
    if (method === 'DELETE' && bound.has(name)) {
      if (issuer.refusals === 0) {
        for (const one of [`secret ${name}`, bound.get(name)?.token ?? '']) issuer.live.delete(one);
        bound.delete(name);
      }
      return { body: { kind: 'Status', status: 'Success' }, takesBack: true };
    }
    return { status: 404, body: {} };
  });
};

export const startSts = () =>
  startIssuer((asked, issuer) => {
    const { form } = asked;
    if (!isSignedForAws(asked, 'sts')) return no;
    if (form.get('Action') !== 'AssumeRole' || form.get('Version') !== '2011-06-15') return { status: 400, body: '' };
    if (!/^[\w+=,.@-]{2,64}$/.test(form.get('RoleSessionName') ?? '')) return { status: 400, body: '' };
    if (!(Number(form.get('DurationSeconds')) >= 900)) return { status: 400, body: '' };
    const secret = make(issuer);
    // AWS does not take a session back.
    issuer.live.delete(secret);
    return {
      body: `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
  <AssumedRoleUser><AssumedRoleId>ARO123:${form.get('RoleSessionName')}</AssumedRoleId></AssumedRoleUser>
  <Credentials><AccessKeyId>${SESSION_ID}</AccessKeyId><SecretAccessKey>${secret}</SecretAccessKey>
  <SessionToken>${SESSION_TOKEN}</SessionToken><Expiration>${inAnHour()}</Expiration></Credentials>
</AssumeRoleResult></AssumeRoleResponse>`,
    };
  });

export const startSecretsManager = () =>
  startIssuer((asked, issuer) => {
    if (!isSignedForAws(asked, 'secretsmanager')) return no;
    if (asked.headers['x-amz-target'] !== 'secretsmanager.GetSecretValue') return { status: 400, body: {} };
    if (asked.json['SecretId'] !== 'prod/one') return { status: 400, body: { __type: 'ResourceNotFoundException' } };
    return {
      body: { Name: 'prod/one', VersionId: 'v1', SecretString: JSON.stringify({ key: issuer.kept, note: 'n' }) },
    };
  });

/** RFC 6749 and RFC 7009. */
export const startTokenEndpoint = () =>
  startIssuer((asked, issuer) => {
    const basic = `Basic ${Buffer.from(`gateway:${LOGIN}`).toString('base64')}`;
    if (asked.headers.authorization !== basic) return no;
    if (asked.path === '/revoke') {
      if (issuer.refusals === 0) issuer.live.delete(asked.form.get('token') ?? '');
      return { body: '', takesBack: true };
    }
    return { body: { access_token: make(issuer), token_type: 'Bearer', expires_in: 600, scope: 'read' } };
  });

/**
 * Signature Version 4, checked from its published description: what the service would compute of the request it got.
 * @param secret of the key that has to have signed.
 */
export function isSignedForAws(
  { method, path, query, headers, text }: Asked,
  service: string,
  [id, secret]: readonly [string, string] = AWS_LOGIN.split(':') as [string, string],
): boolean {
  const [, credential = '', signed = '', signature = ''] =
    /^AWS4-HMAC-SHA256 Credential=(\S+), SignedHeaders=(\S+), Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    ) ?? [];
  const [key, date = '', region = '', named = '', end] = credential.split('/');
  const names = signed.split(';');
  if (key !== id || named !== service || end !== 'aws4_request' || !names.includes('host')) return false;
  const hash = (data: string) => createHash('sha256').update(data).digest('hex');
  const hmac = (by: string | Buffer, data: string) => createHmac('sha256', by).update(data).digest();
  const encode = (part: string) =>
    encodeURIComponent(part).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  const canonicalQuery = [...query]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
  const canonicalPath = service === 's3' ? path : path.split('/').map(encode).join('/');
  const lines = names
    .map(
      (name) =>
        `${name}:${String(headers[name] ?? '')
          .trim()
          .replace(/ +/g, ' ')}\n`,
    )
    .join('');
  const digest = String(headers['x-amz-content-sha256'] ?? hash(text));
  if (digest !== 'UNSIGNED-PAYLOAD' && digest !== hash(text)) return false;
  const canonical = [method, canonicalPath, canonicalQuery, lines, signed, digest].join('\n');
  const scope = `${date}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, hash(canonical)].join('\n');
  const signingKey = hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), service), 'aws4_request');
  return timingSafeEqual(hmac(signingKey, toSign), Buffer.from(signature, 'hex'));
}
