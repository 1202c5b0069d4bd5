import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getCACertificates } from 'node:tls';

/** Writes whom programs inside are to believe: the usual authorities and the door. Gives the file, if there is a door to believe. */
export async function writeAuthorities(folder: string, certificate: string | undefined): Promise<string | undefined> {
  if (certificate === undefined) return undefined;
  const file = join(folder, 'authorities.pem');
  await writeFile(file, [...getCACertificates('default'), certificate].join('\n'));
  return file;
}
