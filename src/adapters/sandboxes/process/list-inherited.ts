import { readdir, readFile } from 'node:fs/promises';

/** Descriptors beyond the standard streams that this process was started with and that its children would inherit. */
export async function listInherited(): Promise<readonly number[]> {
  const O_CLOEXEC = 0o2000000;
  const inherited: number[] = [];
  for (const name of await readdir('/proc/self/fdinfo')) {
    const info = await readFile(`/proc/self/fdinfo/${name}`, 'latin1').catch(() => ''); // the listing's own has gone
    const flags = Number.parseInt(/^flags:\s*([0-7]+)$/m.exec(info)?.[1] ?? '2000000', 8);
    if (Number(name) > 2 && (flags & O_CLOEXEC) === 0) inherited.push(Number(name));
  }
  return inherited;
}
