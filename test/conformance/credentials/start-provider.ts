import { createServer } from 'node:http';
import { decodeJwt } from 'jose';
import Provider, { errors, type TokenEndpointGrantContext } from 'oidc-provider';
import { closeServer, listen } from '../../attacks/egress-world.ts';

export const CLIENT_SECRET = 'plum-otter-of-the-client-3f91';

/** A certified authorization server on loopback, with a client of its own rights and one for accounts of users. */
export interface RunningProvider extends AsyncDisposable {
  readonly issuer: string;
  readonly provider: Provider;
}

export async function startProvider(accessTokenSeconds = 600): Promise<RunningProvider> {
  const probe = createServer();
  const port = await listen(probe);
  await closeServer(probe);
  const issuer = `http://127.0.0.1:${port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'service',
        client_secret: CLIENT_SECRET,
        grant_types: ['client_credentials', EXCHANGE],
        redirect_uris: [],
        response_types: [],
        scope: 'read write',
      },
      {
        client_id: 'account',
        token_endpoint_auth_method: 'none',
        application_type: 'native',
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: ['http://127.0.0.1/callback'],
        response_types: ['code'],
      },
    ],
    // What is issued for a token and an actor says who acts (RFC 8693, 4.1).
    extraTokenClaims: async (ctx) => {
      const actor = ctx.oidc.params?.['actor_token'];
      return typeof actor === 'string' ? { act: { sub: decodeJwt(actor).sub } } : undefined;
    },
    scopes: ['openid', 'offline_access', 'read', 'write'],
    features: {
      clientCredentials: { enabled: true },
      revocation: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      devInteractions: { enabled: true },
    },
    pkce: { required: () => true },
    issueRefreshToken: async () => true,
    findAccount: async (_ctx, sub) => ({ accountId: sub, claims: async () => ({ sub }) }),
    ttl: {
      AccessToken: accessTokenSeconds,
      ClientCredentials: accessTokenSeconds,
      RefreshToken: 86_400,
      Session: 86_400,
      Grant: 86_400,
      Interaction: 600,
    },
    cookies: { keys: ['for tests only'] },
    jwks: undefined,
  });
  provider.registerGrantType<Exchange>(EXCHANGE, exchange, EXCHANGE_PARAMETERS);
  const handle = provider.callback();
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { issuer, provider, [Symbol.asyncDispose]: () => closeServer(server) };
}

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const EXCHANGE_PARAMETERS = [
  ...['subject_token', 'subject_token_type', 'actor_token', 'actor_token_type'],
  ...['requested_token_type', 'audience', 'scope'],
] as const;
type Exchange = Partial<Record<(typeof EXCHANGE_PARAMETERS)[number], string>>;

/**
 * Token exchange as the server’s own documentation has a grant added: who asks, what a token is and what is good for how
 * long is the server’s to say; that a token of its own is exchanged for one with no more scopes is said here.
 */
async function exchange(ctx: TokenEndpointGrantContext<Exchange>): Promise<void> {
  const { params, client, provider } = ctx.oidc;
  const of = await provider.ClientCredentials.find(params.subject_token ?? '');
  if (of === undefined || !of.isValid) throw new errors.InvalidGrant('the subject token is none of ours');
  const held = new Set((of.scope ?? '').split(' '));
  const scopes = (params.scope ?? '').split(' ').filter((scope) => held.has(scope));
  const token = new provider.ClientCredentials({ client, scope: scopes.join(' ') });
  ctx.oidc.entity('ClientCredentials', token);
  ctx.body = {
    access_token: await token.save(),
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    token_type: token.tokenType,
    expires_in: token.expiration,
    scope: token.scope,
  };
}

/** A browser in which somebody signs in and consents to everything. Gives where they are sent back to in the end. */
export async function consentInBrowser(url: string): Promise<URL> {
  const cookies = new Map<string, string>();
  const go = async (to: string, form?: Record<string, string>) => {
    const response = await fetch(to, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  };
  let at = url;
  for (let step = 0; step < 20; step++) {
    const response = await go(at);
    const location = response.headers.get('location');
    if (location !== null) {
      at = new URL(location, at).href;
      if (new URL(at).pathname === '/callback') return new URL(at);
      continue;
    }
    const page = await response.text();
    const action = /action="([^"]+)"/.exec(page)?.[1];
    const prompt = /name="prompt" value="([^"]+)"/.exec(page)?.[1];
    if (action === undefined || prompt === undefined)
      throw new Error(`no form: ${response.status} ${page.slice(0, 500)}`);
    const sent = await go(new URL(action, at).href, { prompt, login: 'ann', password: 'any' });
    at = new URL(sent.headers.get('location') ?? '', at).href;
  }
  throw new Error('the browser was sent around in circles');
}
