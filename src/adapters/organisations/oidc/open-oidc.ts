import type { Configuration } from 'openid-client';
import { Fault } from '../../../base/fault.ts';
import type { OidcRules } from '../../../model/people-rules.ts';
import type { Organisation } from '../../../ports/organisation.ts';

/** Read when somebody first signs in by it. */
const load = () => import('openid-client');

const TIMEOUT_SECONDS = 10;
const MAX_GROUPS = 256;

/**
 * Sign-in by OpenID Connect: the code flow with PKCE, state and nonce. What the provider says of itself is read when it is
 * first needed, and again after it could not be. @param secret of the client, where it has one.
 */
export function openOidc(rules: OidcRules, secret: string | undefined): Organisation {
  let found: Promise<Configuration> | undefined;
  const configuration = async (): Promise<Configuration> => {
    const { allowInsecureRequests, discovery } = await load();
    // Without TLS anybody on the way could say who is who: only on this very machine.
    const issuer = new URL(rules.issuer);
    const isLocal = issuer.protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(issuer.hostname);
    found ??= discovery(issuer, rules.clientId, secret, undefined, {
      timeout: TIMEOUT_SECONDS,
      ...(isLocal ? { execute: [allowInsecureRequests] } : {}),
    });
    try {
      return await found;
    } catch (error) {
      found = undefined;
      throw new Fault('E_UPSTREAM_UNREACHABLE', `\`${rules.issuer}\` does not say how to sign in`, { cause: error });
    }
  };
  return {
    async begin(redirectUri) {
      const config = await configuration();
      const { buildAuthorizationUrl, calculatePKCECodeChallenge, ...random } = await load();
      const kept = {
        verifier: random.randomPKCECodeVerifier(),
        state: random.randomState(),
        nonce: random.randomNonce(),
      };
      const url = buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: rules.scopes.join(' '),
        code_challenge: await calculatePKCECodeChallenge(kept.verifier),
        code_challenge_method: 'S256',
        state: kept.state,
        nonce: kept.nonce,
      });
      return { url: url.href, kept };
    },
    async finish(url, { verifier, state, nonce }) {
      const config = await configuration();
      const { authorizationCodeGrant } = await load();
      let claims: Readonly<Record<string, unknown>> | undefined;
      try {
        const tokens = await authorizationCodeGrant(config, new URL(url), {
          pkceCodeVerifier: verifier,
          expectedState: state,
          expectedNonce: nonce,
          idTokenExpected: true,
        });
        claims = tokens.claims();
      } catch (error) {
        throw new Fault('E_SIGN_IN', 'what the organisation sent does not hold', { cause: error });
      }
      const name = claims?.[rules.name];
      if (typeof name !== 'string') throw new Fault('E_SIGN_IN', `the organisation gives no \`${rules.name}\``);
      if (rules.name === 'email' && claims?.['email_verified'] !== true)
        throw new Fault('E_SIGN_IN', 'the organisation has not verified the address');
      const groups = claims?.[rules.groups];
      const listed = Array.isArray(groups) ? groups.filter((group) => typeof group === 'string') : [];
      return { name, groups: listed.slice(0, MAX_GROUPS) };
    },
  };
}
