import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { type Clock, newId } from '../../../../base/clock.ts';
import type { Digest } from '../../../../base/digest.ts';
import { Fault } from '../../../../base/fault.ts';

const digest = z.custom<Digest>((value) => typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value));
const recordSchema = z.strictObject({
  format: z.literal('chaperone.pin/1'),
  package: z.string(),
  integrity: z.string(),
  tree: digest,
  atMs: z.number(),
  /** Set when another tree was found. Stays until a person reviews it, even if the old files come back. */
  disabled: z.strictObject({ found: digest, atMs: z.number() }).optional(),
});

/** What is remembered about an installed package, outside the tree it describes. */
export type PinRecord = z.infer<typeof recordSchema>;

/** The record in a file, or undefined if there is none. One that is not understood is a `Fault` E_SERVER_INTEGRITY. */
export async function readPinRecord(file: string): Promise<PinRecord | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Fault('E_SERVER_INTEGRITY', `the record of the reviewed package, \`${file}\`, cannot be read`, {
      cause: error,
    });
  }
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new Fault('E_SERVER_INTEGRITY', `the record of the reviewed package, \`${file}\`, is damaged`, {
      cause: error,
    });
  }
}

/** Replaces the record: after a power cut there is the old one or the new one. */
export async function writePinRecord(file: string, record: PinRecord, clock: Clock): Promise<void> {
  const temporary = `${file}.${newId(clock, 'new')}`;
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(record, null, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {}); // a leftover is never read
    throw new Fault('E_SERVER_LAUNCH', `the record of the package, \`${file}\`, cannot be written`, { cause: error });
  }
}
