import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Secret } from '../base/secret.ts';
import { readFileOnce } from './config/read-file-once.ts';
import { credentialKeyFolder } from './credentials/open-credentials.ts';
import type { PlacedConfig } from './data-folder.ts';
import { authorityFolder } from './egress/open-authority.ts';
import { placeLedger } from './ledger/start-ledger.ts';
import { recordKeyFolder } from './open-store.ts';

const MAX_KEY_BYTES = 65_536;

/**
 * The private parts of the gateway's own keys, as they stand in their files: what signs tokens, what signs the ledger, what
 * seals the record, and the key of its certificate. Files that are not there, or no keys, are passed over. Never throws.
 */
export async function readOwnKeys(config: PlacedConfig, data: string): Promise<readonly Secret[]> {
  const { tls } = config.manifest.listen;
  const folders = [
    join(data, 'keys'),
    recordKeyFolder(data),
    placeLedger(config).keys,
    authorityFolder(data),
    credentialKeyFolder(data),
  ];
  const listed = await Promise.all(folders.map((folder) => listFiles(folder)));
  const files = [...listed.flat(), ...(tls === undefined ? [] : [resolve(config.folder, tls.key)])];
  const found = await Promise.all(files.map(readPrivateParts));
  return found.flat().map((part) => new Secret('own:key', part));
}

async function listFiles(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.map((name) => join(folder, name));
}

async function readPrivateParts(file: string): Promise<readonly string[]> {
  const bytes = await readFileOnce(file, MAX_KEY_BYTES).then(
    (read) => read.bytes,
    () => new Uint8Array(),
  );
  const text = Buffer.from(bytes).toString('latin1');
  const own = [
    ...text.matchAll(
      /"d"\s*:\s*"([\w-]{16,})"|^PRIVATE\+KEY\+\S+\+([A-Za-z\d+/=]{16,})$|^(AGE-SECRET-KEY-1[A-Z\d]{16,})$/gm,
    ),
  ];
  const pem = /-----BEGIN [A-Z ]*PRIVATE KEY-----([A-Za-z\d+/=\s]+)-----END/.exec(text)?.[1] ?? '';
  // Its first line says what kind of key it is, and is the same in all of them.
  const lines = pem.split(/\s+/).filter((line) => line.length >= 16);
  return [...own.map((match) => match[1] ?? match[2] ?? match[3] ?? ''), ...lines.slice(lines.length > 1 ? 1 : 0)];
}
