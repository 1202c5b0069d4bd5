import { isJsonObject, type JsonValue } from '../base/json.ts';

/**
 * A JSON text that can be read with the key of its run only. `commitment` is SHA-256 of a salt, which that key gives, and the
 * text: whoever is told salt and text can tell that it is the one, and nobody else can test a guess.
 */
export type Sealed = {
  /** Base64 of nonce (12 bytes), ciphertext and tag (16 bytes): AES-256-GCM. */
  readonly sealed: string;
  /** 64 hexadecimal digits. */
  readonly commitment: string;
};

export function isSealed(value: JsonValue | undefined): value is Sealed {
  return (
    isJsonObject(value) &&
    typeof value['sealed'] === 'string' &&
    typeof value['commitment'] === 'string' &&
    Object.keys(value).length === 2
  );
}
