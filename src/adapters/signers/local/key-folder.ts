import { constants } from 'node:fs';
import { type FileHandle, link, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../../../base/clock.ts';
import { Fault, toFault } from '../../../base/fault.ts';

/**
 * The keys as they lie on disk: `key-000001.json`, `key-000002.json`, … one file a key, the highest number signs.
 * A number is taken by linking a finished file to its name, which exactly one process can do, so two processes that
 * start or rotate at the same moment end up with the same key. Retired keys lose their private half.
 */
const FILE_NAME = /^key-(\d{6})\.json$/;
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const MAX_FILE_BYTES = 4_096;

const base64url32 = z.string().regex(/^[A-Za-z0-9_-]{43}$/, '32 bytes in base64url');
const keyFileSchema = z.strictObject({
  version: z.literal(1),
  /** RFC 7638 thumbprint of the public key. */
  kid: base64url32,
  createdAtMs: z.int().nonnegative(),
  jwk: z.strictObject({
    kty: z.literal('OKP'),
    crv: z.literal('Ed25519'),
    x: base64url32,
    d: base64url32.optional(),
  }),
});
export type KeyFile = z.infer<typeof keyFileSchema>;

export interface StoredKey extends KeyFile {
  /** Counts from 1. */
  readonly sequence: number;
}

/** Makes the folder (0700) if it is missing. Throws a `Fault` E_CONFIG if anybody else can look into it. */
export async function prepareFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    requirePrivate(await stat(folder), folder, '700');
  } catch (error) {
    throw toFault(error, 'E_CONFIG', `the key folder ${folder} cannot be used`);
  }
}

/** All keys, oldest first. Throws a `Fault` E_CONFIG if a file is readable by others or is not a key. */
export async function readKeys(folder: string): Promise<readonly StoredKey[]> {
  const keys: StoredKey[] = [];
  try {
    for (const name of (await readdir(folder)).sort()) {
      const number = FILE_NAME.exec(name)?.[1];
      if (number === undefined) continue;
      const content = await readPrivateFile(join(folder, name));
      // A file can go between the listing and the reading when another process removes a key nothing needs any more.
      if (content !== undefined) keys.push({ ...parseKeyFile(content, join(folder, name)), sequence: Number(number) });
    }
  } catch (error) {
    throw toFault(error, 'E_CONFIG', `the key folder ${folder} cannot be read`);
  }
  return keys;
}

/** Adds a key under `sequence`. False if another process took that number first: read the folder again. */
export async function addKey(folder: string, clock: Clock, key: StoredKey): Promise<boolean> {
  const draft = await writeDraft(folder, clock, key);
  try {
    await link(draft, pathOf(folder, key.sequence));
    await syncFolder(folder);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw new Fault('E_CONFIG', `a key cannot be stored in ${folder}`, { cause: error });
  } finally {
    await unlink(draft);
  }
}

/** Takes the private half out of a retired key's file: it still verifies, and can never sign again. */
export async function dropPrivateHalf(folder: string, clock: Clock, key: StoredKey): Promise<void> {
  const { d: _private, ...jwk } = key.jwk;
  await rename(await writeDraft(folder, clock, { ...key, jwk }), pathOf(folder, key.sequence));
  await syncFolder(folder);
}

/** Removes a key; if it is already gone, does nothing. */
export async function removeKey(folder: string, key: StoredKey): Promise<void> {
  try {
    await unlink(pathOf(folder, key.sequence));
  } catch (error) {
    if (!hasCode(error, 'ENOENT'))
      throw new Fault('E_CONFIG', `an old key in ${folder} cannot be removed`, { cause: error });
  }
}

function pathOf(folder: string, sequence: number): string {
  return join(folder, `key-${String(sequence).padStart(6, '0')}.json`);
}

async function writeDraft(folder: string, clock: Clock, key: StoredKey): Promise<string> {
  const path = join(folder, `.draft-${Buffer.from(clock.randomBytes(12)).toString('hex')}`);
  const { sequence: _number, ...content } = key;
  try {
    const file = await open(path, 'wx', FILE_MODE);
    try {
      await file.writeFile(`${JSON.stringify(content)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new Fault('E_CONFIG', `a key cannot be written in ${folder}`, { cause: error });
  }
  return path;
}

/** The file's text, checked on the open handle so that it cannot be swapped in between; undefined if it is gone. */
async function readPrivateFile(path: string): Promise<string | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw new Fault('E_CONFIG', `the key file ${path} cannot be opened`, { cause: error });
  }
  try {
    const status = await file.stat();
    if (!status.isFile() || status.size > MAX_FILE_BYTES) throw new Fault('E_CONFIG', `${path} is not a key file`);
    requirePrivate(status, path, '600');
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

function parseKeyFile(text: string, path: string): KeyFile {
  try {
    return keyFileSchema.parse(JSON.parse(text));
  } catch {
    // The cause stays out: it could quote the key.
    throw new Fault(
      'E_CONFIG',
      `${path} is not a key file; restore it from a backup, or remove it and issue new tokens`,
    );
  }
}

function requirePrivate(status: { readonly mode: number; readonly uid: number }, path: string, mode: string): void {
  if (process.platform === 'win32') return; // no such modes there; the folder's ACL is what protects it
  if ((status.mode & 0o077) !== 0) {
    throw new Fault('E_CONFIG', `${path} can be read or changed by other users; run: chmod ${mode} '${path}'`);
  }
  const uid = process.getuid?.();
  if (uid !== undefined && status.uid !== uid && status.uid !== 0) {
    throw new Fault('E_CONFIG', `${path} belongs to another user (uid ${status.uid}); run: chown ${uid} '${path}'`);
  }
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return; // folders cannot be opened there
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
