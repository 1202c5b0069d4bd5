import { type BinaryLike, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import type { PasswordHash } from '../../model/person.ts';

/** 32 MiB and about a tenth of a second. */
export const PASSWORD_COST = 2 ** 15;
const BLOCK_SIZE = 8;
const PARALLELIZATION = 1;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const AT_ONCE = 2; // 32 MiB and a thread each

/** Long enough for no list, and still tried first by everybody. */
const COMMON = ['password', 'passwort', 'letmein', 'qwertz', 'qwerty', '123456', 'chaperone', 'iloveyou', 'welcome'];

/** Throws a `Fault` E_PASSWORD_WEAK for what would be guessed first. */
export function requireStrong(password: string, name: string): void {
  const { passwordMinChars, passwordMaxChars } = limits;
  if (password.length > passwordMaxChars) throw new Fault('E_PASSWORD_WEAK', `at most ${passwordMaxChars} characters`);
  const plain = password.toLowerCase().replace(/[^a-z0-9]/g, '');
  const rest = [name.toLowerCase(), ...COMMON].reduce((left, common) => left.replaceAll(common, ''), plain);
  if ([...password].length < passwordMinChars || new Set(password).size < 6 || rest.length < 4)
    throw new Fault(
      'E_PASSWORD_WEAK',
      `it takes ${passwordMinChars} characters that are more than the name or a common password`,
    );
}

export async function hashPassword(clock: Clock, password: string, cost: number): Promise<PasswordHash> {
  const salt = clock.randomBytes(SALT_BYTES);
  const given = { cost, blockSize: BLOCK_SIZE, parallelization: PARALLELIZATION };
  const hash = await derive(password, salt, given);
  return {
    algorithm: 'scrypt',
    ...given,
    salt: Buffer.from(salt).toString('base64url'),
    hash: hash.toString('base64url'),
    setAtMs: clock.nowMs(),
  };
}

/** What is compared with where there is no account or no password: it takes as long, and nothing is ever equal to it. */
const NOBODY: Omit<PasswordHash, 'cost'> = {
  algorithm: 'scrypt',
  blockSize: BLOCK_SIZE,
  parallelization: PARALLELIZATION,
  salt: 'AAAAAAAAAAAAAAAAAAAAAA',
  hash: '',
  setAtMs: 0,
};

/** Whether it is the password. The same work is done where nothing is kept to compare it with. */
export async function verifyPassword(
  password: string,
  kept: PasswordHash | undefined,
  nobodysCost: number,
): Promise<boolean> {
  const { salt, hash, ...cost } = kept ?? { ...NOBODY, cost: nobodysCost };
  const derived = await derive(password, Buffer.from(salt, 'base64url'), cost);
  const expected = Buffer.alloc(HASH_BYTES);
  Buffer.from(hash, 'base64url').copy(expected);
  return timingSafeEqual(derived, expected) && kept !== undefined;
}

let running = 0;
const waiting: (() => void)[] = [];

/** Throws a `Fault` E_BUSY where too many are waiting: each takes a thread and much memory, whoever asks for it. */
async function derive(
  password: BinaryLike,
  salt: Uint8Array,
  { cost, blockSize, parallelization }: Pick<PasswordHash, 'cost' | 'blockSize' | 'parallelization'>,
): Promise<Buffer> {
  if (running >= AT_ONCE) {
    if (waiting.length >= limits.signInsWaiting) throw new Fault('E_BUSY', 'too many sign-ins at once');
    await new Promise<void>((resolve) => waiting.push(resolve));
  }
  running++;
  try {
    const options: ScryptOptions = { cost, blockSize, parallelization, maxmem: 256 * cost * blockSize };
    return await new Promise((resolve, reject) => {
      scrypt(password, salt, HASH_BYTES, options, (error, key) => (error ? reject(error) : resolve(key)));
    });
  } finally {
    running--;
    waiting.shift()?.();
  }
}
