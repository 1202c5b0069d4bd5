import { createCipheriv, createDecipheriv, createSecretKey, hash, type KeyObject } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { holdBackExact, type ToldBody } from '../../model/exact.ts';
import type { Sealed } from '../../model/sealed.ts';
import type { SealingKey } from '../../ports/event-seal.ts';

export const RUN_KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** What seals and opens the texts of one run. */
export class RunKey implements SealingKey {
  /** A key object: from bytes, each cipher would make one again, which takes longer than to encrypt an event. */
  readonly #key: KeyObject;
  readonly #salts: string;

  /** @param bytes 32 of them, which the caller may overwrite afterwards */
  constructor(bytes: Uint8Array) {
    this.#key = createSecretKey(bytes);
    this.#salts = hash('sha256', `chaperone commitments ${Buffer.from(bytes).toString('hex')}`);
  }

  copyBytes(): Uint8Array {
    return Uint8Array.from(this.#key.export());
  }

  /**
   * @param name what the text is of, an event's id, say. It opens under this name and no other, and is used for one text
   * only.
   */
  seal(name: string, text: string, clock: Clock): Sealed {
    const nonce = clock.randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(name));
    // As bytes: it encodes a text more slowly than that.
    const body = cipher.update(Buffer.from(text));
    cipher.final();
    const box = Buffer.concat([nonce, body, cipher.getAuthTag()]);
    return { commitment: commit(this.salt(name), this.divide(name, text).shown), sealed: box.toString('base64') };
  }

  /** The text. Throws a `Fault` E_STORE_CORRUPT where it is not what was sealed under this name. */
  open(name: string, sealed: Sealed): string {
    const box = Buffer.from(sealed.sealed, 'base64');
    let text: string;
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, box.subarray(0, NONCE_BYTES))
        .setAAD(Buffer.from(name))
        .setAuthTag(box.subarray(-TAG_BYTES));
      text = decipher.update(box.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
    } catch (error) {
      throw new Fault('E_STORE_CORRUPT', `what was sealed as ${name} cannot be opened`, { cause: error });
    }
    if (this.commitsTo(name, this.divide(name, text).shown, sealed)) return text;
    // Before `exact` could be held back, all of the text was committed to at once.
    if (this.commitsTo(name, text, sealed)) return text;
    throw new Fault('E_STORE_CORRUPT', `what was sealed as ${name} is not what was committed to`);
  }

  /** What is shown of a text, and what is held back. */
  divide(name: string, text: string): ToldBody {
    return holdBackExact(text, (exact) => commit(this.exactSalt(name), exact));
  }

  /** Whether this text is the one that was committed to. */
  commitsTo(name: string, text: string, { commitment }: Sealed): boolean {
    return commit(this.salt(name), text) === commitment;
  }

  /** As `salt`, for what is held back: it is told with that alone. */
  exactSalt(name: string): string {
    return this.salt(`${name} exact`); // no name has a blank in it
  }

  /** What to tell of a text together with it, so that somebody without the key can hold it against its commitment. */
  salt(name: string): string {
    return hash('sha256', `${this.#salts} ${name}`);
  }
}

/** 64 hexadecimal digits. */
function commit(salt: string, text: string): string {
  return hash('sha256', salt + text);
}
