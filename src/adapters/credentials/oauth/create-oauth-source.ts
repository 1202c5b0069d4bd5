import type { Clock } from '../../../base/clock.ts';
import type { Secret } from '../../../base/secret.ts';
import type { EgressSubject } from '../../../model/egress.ts';
import type { CredentialSource, LeasedCredential } from '../../../ports/credentials.ts';
import { askForToken, type OAuthClient, revoker, type TokenAnswer } from './token-endpoint.ts';

export interface OAuthSourceOptions {
  readonly client: OAuthClient;
  readonly clock: Clock;
  readonly scopes: readonly string[];
  readonly audience?: string;
}

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const JWT = 'urn:ietf:params:oauth:token-type:jwt';

/** A token of the client's own for each lease (RFC 6749, 4.4), taken back where the server takes tokens back. */
export function createClientCredentialsSource(options: OAuthSourceOptions): CredentialSource {
  const { client, clock } = options;
  return {
    async lease() {
      const form = { grant_type: 'client_credentials', ...wishes(options) };
      return toLease(client, await askForToken(client, form, clock));
    },
    ...takingBack(client),
  };
}

export interface TokenExchangeOptions extends OAuthSourceOptions {
  /** On whose behalf. */
  readonly readSubject: () => Promise<Secret>;
  /** A token that says who acts, signed by this gateway; it becomes the `act` of what is issued. */
  readonly signActor: (subject: EgressSubject) => Promise<Secret>;
}

/** A token that is exchanged for a narrower one, for each lease (RFC 8693): it names the user and the agent that acts. */
export function createTokenExchangeSource(options: TokenExchangeOptions): CredentialSource {
  const { client, clock, readSubject, signActor } = options;
  return {
    async lease({ subject }) {
      const [of, actor] = await Promise.all([readSubject(), signActor(subject)]);
      const form = {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: of.reveal(),
        subject_token_type: ACCESS_TOKEN,
        actor_token: actor.reveal(),
        actor_token_type: JWT,
        requested_token_type: ACCESS_TOKEN,
        ...wishes(options),
      };
      return toLease(client, await askForToken(client, form, clock));
    },
    ...takingBack(client),
  };
}

function wishes({ scopes, audience }: OAuthSourceOptions): Record<string, string> {
  return {
    ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
    ...(audience === undefined ? {} : { audience }),
  };
}

function takingBack(client: OAuthClient): Pick<CredentialSource, 'revoke'> {
  const revoke = revoker(client);
  return revoke === undefined ? {} : { revoke };
}

function toLease(client: OAuthClient, answer: TokenAnswer): LeasedCredential {
  const { accessToken, expiresAtMs, scopes } = answer;
  const revoke = revoker(client);
  return {
    secret: accessToken,
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
    ...(scopes === undefined ? {} : { scopes }),
    ...(revoke === undefined ? {} : { revoke: () => revoke(accessToken.reveal()), handle: accessToken }),
  };
}
