/** The next key that is pressed, or undefined when it is interrupted first. Only for a terminal. */
export async function readKey(signal: AbortSignal): Promise<string | undefined> {
  const { stdin } = process;
  if (signal.aborted || !stdin.isTTY) return undefined;
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const onData = (data: Buffer) => resolve(data.toString());
  const onAbort = () => resolve(undefined);
  stdin.setRawMode(true);
  stdin.resume();
  stdin.once('data', onData);
  signal.addEventListener('abort', onAbort, { once: true });
  const key = await promise;
  stdin.off('data', onData);
  signal.removeEventListener('abort', onAbort);
  stdin.setRawMode(false);
  stdin.pause();
  // A raw terminal sends Ctrl-C as a character instead of a signal.
  if (key === '\u0003') process.kill(process.pid, 'SIGINT');
  return key === '\u0003' ? undefined : key;
}
