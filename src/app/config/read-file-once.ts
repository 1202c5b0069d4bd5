import { constants, open } from 'node:fs/promises';
import { Fault } from '../../base/fault.ts';

export interface FileOnce {
  readonly bytes: Uint8Array;
  /** Permission bits, e.g. `0o600`. */
  readonly mode: number;
}

/**
 * Reads a regular file through one handle, so that what is checked is what is read. Pipes, devices and folders are
 * refused before they can block. Throws a `Fault` E_CONFIG whose message names the reason, not the file.
 */
export async function readFileOnce(file: string, maxBytes: number): Promise<FileOnce> {
  try {
    await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await handle.stat();
    if (!stats.isFile()) throw new Fault('E_CONFIG', stats.isDirectory() ? 'is a folder' : 'is not a regular file');
    if (stats.size > maxBytes) {
      throw new Fault('E_CONFIG', `is larger than ${maxBytes.toLocaleString('en')} bytes`);
    }
    const buffer = new Uint8Array(stats.size + 1); // one more byte than there should be: growth has to show
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
      if (length === buffer.length) throw new Fault('E_CONFIG', 'changed while it was read');
    }
    return { bytes: buffer.subarray(0, length), mode: stats.mode & 0o777 };
  } catch (error) {
    throw error instanceof Fault ? error : new Fault('E_CONFIG', reasonOf(error), { cause: error });
  }
}

/** The text of UTF-8 bytes, without a byte order mark; a `Fault` E_CONFIG if they are not UTF-8. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new Fault('E_CONFIG', 'is not UTF-8 text', { cause: error });
  }
}

const REASONS: { readonly [code: string]: string } = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EACCES: 'may not be read by this user',
  EPERM: 'may not be read by this user',
  EISDIR: 'is a folder',
  ELOOP: 'is a circle of symbolic links',
  ENAMETOOLONG: 'has too long a name',
  ENXIO: 'is not a regular file',
  ERR_INVALID_ARG_VALUE: 'has a name no file can have',
};

function reasonOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return (typeof code === 'string' && REASONS[code]) || 'could not be read';
}
