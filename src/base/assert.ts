/** A broken assertion: our mistake, never the caller's. It is not caught where a fault would be, and it fails closed. */
export class Bug extends Error {
  override readonly name = 'Bug';
}

/** Throws a `Bug` unless `condition` holds. For what cannot happen; what can happen is a fault or a refusal. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Bug(message);
}

/** Ends an exhaustive switch: does not compile while a case is missing, and throws if data lied about its type. */
export function unreachable(value: never): never {
  throw new Bug(`unreachable: ${JSON.stringify(value)}`);
}
