/** Steps that take a commit's changes back, in the order in which they were made. */
export type Undo = (() => void)[];

/** Sets a key, or removes it for undefined, and remembers what was there. */
export function put<Key extends string | symbol, Value>(
  map: Map<Key, Value>,
  key: Key,
  value: Value | undefined,
  undo: Undo,
): undefined {
  const previous = map.get(key);
  const set = (to: Value | undefined) => {
    if (to === undefined) map.delete(key);
    else map.set(key, to);
  };
  set(value);
  undo.push(() => set(previous));
}

/** What is left of a value once it has been JSON: nothing shared with the caller, and no negative zero. */
export function jsonCopy<Json extends object>(value: Json): Json {
  return JSON.parse(JSON.stringify(value)) as Json; // JSON in, the same JSON out
}
