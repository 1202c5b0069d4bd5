/**
 * What a call of a WASI module came to, in memory that its thread and its host share: the thread stands still until the
 * host has answered, since a module knows no other way to wait. Two numbers, then the bytes.
 */
const HEAD_BYTES = 8;
const STATE = 0;
const LENGTH = 1;
const WAITING = 0;
const ANSWERED = 1;
const FAILED = 2;

export interface CallAnswer {
  readonly failed: boolean;
  /** JSON, or what the module is told of the failure. */
  readonly bytes: Uint8Array;
}

/** Room for an answer of up to so many bytes; none is taken before it is there. */
export function openAnswer(mostBytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(HEAD_BYTES, { maxByteLength: HEAD_BYTES + mostBytes });
}

/** The host’s side. An answer that is too large is a failure. */
export function giveAnswer(room: SharedArrayBuffer, text: string, failed: boolean): void {
  let bytes = new TextEncoder().encode(text);
  let state = failed ? FAILED : ANSWERED;
  if (HEAD_BYTES + bytes.length > room.maxByteLength) {
    bytes = new TextEncoder().encode('the answer is too large');
    state = FAILED;
  }
  room.grow(HEAD_BYTES + bytes.length);
  new Uint8Array(room, HEAD_BYTES).set(bytes);
  const head = new Int32Array(room, 0, 2);
  Atomics.store(head, LENGTH, bytes.length);
  Atomics.store(head, STATE, state);
  Atomics.notify(head, STATE);
}

/** The thread’s side. It stands still meanwhile; whoever ends the thread ends that too. */
export function awaitAnswer(room: SharedArrayBuffer): CallAnswer {
  const head = new Int32Array(room, 0, 2);
  while (Atomics.load(head, STATE) === WAITING) Atomics.wait(head, STATE, WAITING);
  const bytes = new Uint8Array(room, HEAD_BYTES, Atomics.load(head, LENGTH)).slice();
  return { failed: Atomics.load(head, STATE) === FAILED, bytes };
}
