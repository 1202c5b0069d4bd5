import { createInterface } from 'node:readline/promises';

/** The next line that is typed, without the spaces around it; undefined when it is interrupted first. */
export async function readLine(signal: AbortSignal): Promise<string | undefined> {
  const lines = createInterface({ input: process.stdin });
  try {
    return (await lines.question('', { signal })).trim();
  } catch {
    return undefined;
  } finally {
    lines.close();
  }
}
