import type { KeyedDigest } from '../base/digest.ts';

/**
 * What wraps the keys of runs, kept outside of the store: whoever has the store alone can read nothing that is sealed.
 * Rejects with a `Fault` E_RECORD_KEY.
 */
export interface RecordKeys {
  /** @param key 32 bytes */
  wrap(owner: KeyOwner, key: Uint8Array): Promise<string>;
  /** The key, if it was wrapped for the same owner. */
  unwrap(owner: KeyOwner, wrapped: string): Promise<Uint8Array>;
  /** What a user is called where their name must not stand: the same for the same user of a tenant, and not to be guessed. */
  nameUser(tenant: string, userId: string): Promise<string>;
  /** What stands for personal data in the record: `#` and 12 hex digits, the same for the same value of a tenant. */
  tagPersonal(): Promise<(tenant: string, value: string) => string>;
  /** What stands for the digest of what somebody said: the same for the same of a tenant. */
  keyDigests(): Promise<KeyDigest>;
}

export type KeyDigest = (tenant: string, digest: string) => KeyedDigest;

/** Whose key it is. A wrapped key of one run is of no use to another. */
export interface KeyOwner {
  readonly tenant: string;
  readonly runId: string;
}
