import { createCipheriv, createDecipheriv, createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { constants } from 'node:fs';
import { link, mkdir, open, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../base/clock.ts';
import { Fault, toFault } from '../../../base/fault.ts';
import type { KeyOwner, RecordKeys } from '../../../ports/record-keys.ts';

const FILE = 'record-000001';
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const USER_CHARS = 24;
/** Enough to tell the values of one tenant apart. */
const TAG_CHARS = 12;
/** Which master key wrapped it; there is one so far. */
const WRAPPED = /^1\.([A-Za-z\d+/=]+)$/;
const TEXT = /^PRIVATE\+KEY\+master\+([A-Za-z\d+/]{43}=)\nPRIVATE\+KEY\+names\+([A-Za-z\d+/]{43}=)\n$/;

export interface LocalRecordKeysOptions {
  /** Made with mode 0700 on first use. */
  readonly folder: string;
  readonly clock: Clock;
}

/**
 * A master key in a file of this machine, 256 random bits, which wraps the keys of runs by AES-256-GCM, and a second one
 * that names users by HMAC-SHA-256; made where there is none. Whoever has the file and the store reads the record.
 *
 * @throws Fault E_RECORD_KEY where it is no key, cannot be made, or others can read it.
 */
export async function openLocalRecordKeys(options: LocalRecordKeysOptions): Promise<RecordKeys> {
  if ((await readKeyFile(options.folder)) === undefined) await addKeyFile(options);
  return readKeys(options);
}

/** The same, read when it is first needed, and never made: where there is none, everything rejects with E_RECORD_KEY. */
export function readLocalRecordKeys(options: LocalRecordKeysOptions): RecordKeys {
  let opened: Promise<RecordKeys> | undefined;
  const open = () => {
    opened ??= readKeys(options);
    return opened;
  };
  return {
    wrap: async (owner, key) => (await open()).wrap(owner, key),
    unwrap: async (owner, wrapped) => (await open()).unwrap(owner, wrapped),
    nameUser: async (tenant, userId) => (await open()).nameUser(tenant, userId),
    tagPersonal: async () => (await open()).tagPersonal(),
    keyDigests: async () => (await open()).keyDigests(),
  };
}

async function readKeys({ folder, clock }: LocalRecordKeysOptions): Promise<RecordKeys> {
  const file = join(folder, FILE);
  const text = await readKeyFile(folder);
  if (text === undefined) throw new Fault('E_RECORD_KEY', `the key that the record is sealed with is not at ${file}`);
  const [, master, names] = TEXT.exec(text) ?? [];
  if (master === undefined || names === undefined)
    throw new Fault('E_RECORD_KEY', `${file} is not a key of the record`);
  return createRecordKeys(readKey(master), readKey(names), clock);
}

const readKey = (text: string): KeyObject => createSecretKey(Buffer.from(text, 'base64'));

function createRecordKeys(master: KeyObject, names: KeyObject, clock: Clock): RecordKeys {
  const name = (...told: readonly string[]) => createHmac('sha256', names).update(JSON.stringify(told)).digest('hex');
  const bind = ({ tenant, runId }: KeyOwner) => Buffer.from(JSON.stringify([tenant, runId]));
  return {
    async wrap(owner, key) {
      const nonce = clock.randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', master, nonce).setAAD(bind(owner));
      const box = Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]);
      return `1.${box.toString('base64')}`;
    },
    async unwrap(owner, wrapped) {
      const box = Buffer.from(WRAPPED.exec(wrapped)?.[1] ?? '', 'base64');
      try {
        const decipher = createDecipheriv('aes-256-gcm', master, box.subarray(0, NONCE_BYTES))
          .setAAD(bind(owner))
          .setAuthTag(box.subarray(-TAG_BYTES));
        const key = Buffer.concat([decipher.update(box.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
        if (key.length === KEY_BYTES) return key;
      } catch {
        // told below: of a key that does not fit there is nothing more to say
      }
      throw new Fault('E_RECORD_KEY', `the key of ${owner.runId} was not wrapped by this key of the record`);
    },
    async nameUser(tenant, userId) {
      return `user_${name(tenant, userId).slice(0, USER_CHARS)}`;
    },
    async tagPersonal() {
      return (tenant, value) => `#${name('personal', tenant, value).slice(0, TAG_CHARS)}`;
    },
    async keyDigests() {
      return (tenant, digest) => `hmac-sha256:${name('text', tenant, digest)}`;
    },
  };
}

async function readKeyFile(folder: string): Promise<string | undefined> {
  const path = join(folder, FILE);
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      requirePrivate(await file.stat(), path);
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw toFault(error, 'E_RECORD_KEY', `${path} cannot be read`);
  }
}

/** Writes a new key unless there is one by now: of two processes that start at once, both use that of the first. */
async function addKeyFile({ folder, clock }: LocalRecordKeysOptions): Promise<void> {
  const text = (name: string) =>
    `PRIVATE+KEY+${name}+${Buffer.from(clock.randomBytes(KEY_BYTES)).toString('base64')}\n`;
  const draft = join(folder, `.draft-${Buffer.from(clock.randomBytes(NONCE_BYTES)).toString('hex')}`);
  try {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    requirePrivate(await stat(folder), folder);
    const file = await open(draft, 'wx', FILE_MODE);
    try {
      await file.writeFile(text('master') + text('names'));
      await file.sync();
    } finally {
      await file.close();
    }
    try {
      await link(draft, join(folder, FILE));
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    } finally {
      await unlink(draft);
    }
    await syncFolder(folder);
  } catch (error) {
    throw toFault(error, 'E_RECORD_KEY', `the key of the record cannot be made in ${folder}`);
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

function requirePrivate(status: { readonly mode: number; readonly uid: number }, path: string): void {
  if (process.platform === 'win32') return; // no such modes there; the folder's ACL is what protects it
  if ((status.mode & 0o077) !== 0) {
    throw new Fault('E_RECORD_KEY', `${path} can be read or changed by other users; run: chmod go= '${path}'`);
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
