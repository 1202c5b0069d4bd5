import { Fault } from '../../../base/fault.ts';
import type { JsonObject } from '../../../base/json.ts';
import type { Passkeys } from '../../../ports/passkeys.ts';

const TIMEOUT_MS = 300_000;

/** Read when somebody first uses a passkey: few who start a gateway or a command ever do. */
const load = () => import('@simplewebauthn/server');

/**
 * Passkeys as browsers have them: a person is verified (a finger, a face, a code), not only present, and what is stored
 * of a passkey is its public key.
 */
export function createWebauthn(): Passkeys {
  return {
    async registrationOptions({ host }, person) {
      const { generateRegistrationOptions } = await load();
      const options = await generateRegistrationOptions({
        rpName: 'Chaperone',
        rpID: host,
        userName: person.id,
        userID: new TextEncoder().encode(person.id),
        attestationType: 'none',
        timeout: TIMEOUT_MS,
        excludeCredentials: person.passkeys.map(({ id }) => ({ id })),
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      });
      return { options: toJson(options), challenge: options.challenge };
    },
    async verifyRegistration({ host, origin }, response, expectedChallenge) {
      const { verifyRegistrationResponse } = await load();
      const { verified, registrationInfo } = await judge(() =>
        verifyRegistrationResponse({
          response: response as never, // of unknown shape: everything in it is checked there
          expectedChallenge,
          expectedOrigin: origin,
          expectedRPID: host,
          requireUserVerification: true,
        }),
      );
      if (!verified || registrationInfo === undefined) throw new Fault('E_SIGN_IN', 'the passkey was not verified');
      const { id, publicKey, counter, transports } = registrationInfo.credential;
      return {
        id,
        publicKey: Buffer.from(publicKey).toString('base64url'),
        counter,
        transports: [...(transports ?? [])],
      };
    },
    async signInOptions({ host }) {
      const { generateAuthenticationOptions } = await load();
      const options = await generateAuthenticationOptions({
        rpID: host,
        userVerification: 'required',
        timeout: TIMEOUT_MS,
      });
      return { options: toJson(options), challenge: options.challenge };
    },
    async verifySignIn({ host, origin }, response, expectedChallenge, passkey) {
      const { verifyAuthenticationResponse } = await load();
      const { verified, authenticationInfo } = await judge(() =>
        verifyAuthenticationResponse({
          response: response as never, // as above
          expectedChallenge,
          expectedOrigin: origin,
          expectedRPID: host,
          requireUserVerification: true,
          credential: {
            id: passkey.id,
            publicKey: Uint8Array.from(Buffer.from(passkey.publicKey, 'base64url')),
            counter: passkey.counter,
          },
        }),
      );
      if (!verified) throw new Fault('E_SIGN_IN', 'the passkey was not verified');
      return authenticationInfo.newCounter;
    },
  };
}

/** What was not made by an authenticator is refused, however it fails to be read. */
async function judge<Answer>(verify: () => Promise<Answer>): Promise<Answer> {
  try {
    return await verify();
  } catch (error) {
    throw new Fault('E_SIGN_IN', 'the passkey was not verified', { cause: error });
  }
}

function toJson(options: object): JsonObject {
  return JSON.parse(JSON.stringify(options)) as JsonObject; // made to be sent to a browser
}
