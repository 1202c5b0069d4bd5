import type { JsonObject } from '../base/json.ts';

/** Signs and verifies the tokens and handles this gateway issues. Keys never leave the adapter. */
export interface Signer {
  /** A signed token of these claims. `expiresAtMs` is written as `exp`, the issuer and audience as the signer's own. */
  sign(claims: JsonObject, audience: string, expiresAtMs: number): Promise<string>;
  /** The claims of a token that is ours, unexpired and for `audience`; otherwise a `Fault` E_TOKEN_INVALID. */
  verify(token: string, audience: string): Promise<JsonObject>;
}
