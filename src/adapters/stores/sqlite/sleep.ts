const never = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** Stops this thread for a while. For the store's own thread, which does nothing but what it is asked. */
export function sleepMs(ms: number): void {
  Atomics.wait(never, 0, 0, ms);
}
