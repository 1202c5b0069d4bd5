/** A schema or pattern that cannot be enforced. The message completes “it cannot be enforced: …” and is all our own. */
export class Unsupported extends Error {
  override readonly name = 'Unsupported';
}
