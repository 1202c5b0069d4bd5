/** Encrypts a text to the owner of an identity (age, X25519). */
export async function seal(identity: string, text: string): Promise<Uint8Array> {
  const { Encrypter, identityToRecipient } = await import('age-encryption');
  const encrypter = new Encrypter();
  encrypter.addRecipient(await identityToRecipient(identity));
  return encrypter.encrypt(text);
}

/** Rejects where it was sealed to another, or damaged. */
export async function unseal(identity: string, bytes: Uint8Array): Promise<string> {
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  return decrypter.decrypt(bytes, 'text');
}
