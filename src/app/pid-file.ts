import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const NAME = 'gateway.pid';

/**
 * Says in the data folder which process the gateway is, until it is disposed of. Only `doctor` reads it, to see whether
 * that process takes signals; a file that a crash left behind names a process that is gone.
 */
export async function holdPidFile(data: string): Promise<AsyncDisposable> {
  const path = join(data, NAME);
  await writeFile(path, `${process.pid}\n`, { mode: 0o600 });
  return {
    async [Symbol.asyncDispose]() {
      // Another gateway on the same data may have come since.
      if ((await readPid(data)) === process.pid) await rm(path, { force: true });
    },
  };
}

/** The process of the gateway that last started on this data folder, if there is one and the file can be read. */
export async function readPid(data: string): Promise<number | null> {
  const text = await readFile(join(data, NAME), 'utf8').catch(() => '');
  return /^\d+\s*$/.test(text) ? Number(text) : null;
}
