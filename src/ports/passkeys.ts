import type { JsonObject } from '../base/json.ts';
import type { Passkey, Person } from '../model/person.ts';

/** Where a page is that talks to an authenticator. */
export interface PasskeySite {
  /** `https://chaperone.company.com` */
  readonly origin: string;
  /** The name that passkeys are bound to. */
  readonly host: string;
}

/** Makes challenges for authenticators, and judges what they answer. What cannot be verified is a `Fault` E_SIGN_IN. */
export interface Passkeys {
  /** What a page hands to `navigator.credentials.create`, with the challenge in it. */
  registrationOptions(
    site: PasskeySite,
    person: Person,
  ): Promise<{ readonly options: JsonObject; readonly challenge: string }>;
  verifyRegistration(
    site: PasskeySite,
    response: JsonObject,
    challenge: string,
  ): Promise<Omit<Passkey, 'name' | 'addedAtMs'>>;
  /** What a page hands to `navigator.credentials.get`. Names no passkey: whoever asks may be anybody. */
  signInOptions(site: PasskeySite): Promise<{ readonly options: JsonObject; readonly challenge: string }>;
  /** The new value of the authenticator’s counter. */
  verifySignIn(site: PasskeySite, response: JsonObject, challenge: string, passkey: Passkey): Promise<number>;
}
