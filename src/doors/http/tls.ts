import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { Fault } from '../../base/fault.ts';

/** PEM files: the certificate with its chain, and its private key. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** Reads a certificate and its key, and sees that they belong together. Throws a `Fault` E_CONFIG naming the file. */
export async function readTls(files: TlsFiles): Promise<{ readonly cert: Buffer; readonly key: Buffer }> {
  const cert = await read(files.cert, 'certificate');
  const key = await read(files.key, 'private key');
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new Fault('E_CONFIG', `${files.cert} and ${files.key} are not a certificate and its key in PEM`, {
      cause: error,
    });
  }
  return { cert, key };
}

async function read(path: string, what: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new Fault('E_CONFIG', `the TLS ${what} ${path} cannot be read`, { cause: error });
  }
}
