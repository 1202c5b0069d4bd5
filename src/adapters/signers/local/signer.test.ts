import { fork } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { base64url, CompactSign, exportJWK, generateKeyPair, importJWK, SignJWT, UnsecuredJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../../base/clock.ts';
import { Fault } from '../../../base/fault.ts';
import { limits } from '../../../base/limits.ts';
import { type LocalSigner, openLocalSigner } from './signer.ts';

const START = Date.UTC(2026, 0, 1);
const ISSUER = 'https://gateway.test';
const AUDIENCE = 'https://gateway.test/mcp';
const claims = { kind: 'agent', sub: 'support', tenant: 'acme' };
const HOUR = 3_600_000;

interface HandClock extends Clock {
  advance(ms: number): void;
  /** Moves the wall clock only, as an administrator or NTP does. */
  jump(ms: number): void;
}
function handClock(): HandClock {
  let wall = START;
  let steady = 10_000;
  return {
    nowMs: () => wall,
    monotonicMs: () => steady,
    randomBytes: (count) => systemClock.randomBytes(count),
    advance(ms) {
      wall += ms;
      steady += ms;
    },
    jump(ms) {
      wall += ms;
    },
  };
}

let root: string;
let folder: string;
let clock: HandClock;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'signer-'));
  folder = join(root, 'keys');
  clock = handClock();
});
afterEach(() => rm(root, { recursive: true, force: true }));

const open = (over: Partial<Parameters<typeof openLocalSigner>[0]> = {}): Promise<LocalSigner> =>
  openLocalSigner({ folder, issuer: ISSUER, clock, ...over });

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Fault);
  const fault = error as Fault; // shown by the line above
  expect(fault.code).toBe('E_TOKEN_INVALID');
  return fault.message;
}

/** Our own key, as an attacker who stole the file would hold it. */
async function stolenKey() {
  const file = JSON.parse(await readFile(join(folder, 'key-000001.json'), 'utf8'));
  return { kid: file.kid as string, jwk: file.jwk, key: await importJWK(file.jwk, 'EdDSA') };
}

async function forge(over: { header?: object; body?: object }): Promise<string> {
  const { kid, key } = await stolenKey();
  const seconds = START / 1_000;
  const body = {
    ...claims,
    iss: ISSUER,
    aud: AUDIENCE,
    iat: seconds,
    nbf: seconds,
    exp: seconds + 60,
    jti: 'tok_0123456789abcdef',
  };
  return new CompactSign(new TextEncoder().encode(JSON.stringify({ ...body, ...over.body })))
    .setProtectedHeader({ alg: 'EdDSA', typ: 'chaperone+jwt', kid, ...over.header })
    .sign(key);
}

describe('the local signer', () => {
  it('gives back the claims it signed, with its own', async () => {
    const signer = await open();
    const token = await signer.sign(claims, AUDIENCE, START + HOUR);
    const found = await signer.verify(token, AUDIENCE);
    expect(found).toMatchObject({
      ...claims,
      iss: ISSUER,
      aud: AUDIENCE,
      exp: (START + HOUR) / 1_000,
      iat: START / 1_000,
    });
    expect(await signer.verify(token, AUDIENCE)).toEqual(found); // remembered
    expect(Object.isFrozen(found)).toBe(true);
    expect(await signer.sign(claims, AUDIENCE, START + HOUR)).not.toBe(token); // its own id
  });

  it('accepts the forged tokens of these tests when nothing is wrong with them', async () => {
    const signer = await open();
    await expect(signer.verify(await forge({}), AUDIENCE)).resolves.toMatchObject(claims);
  });

  const wrongs: readonly [string, { header?: object; body?: object }, RegExp][] = [
    ['another type', { header: { typ: 'JWT' } }, /header is not ours: typ/],
    ['no type', { header: { typ: undefined } }, /header is not ours: typ/],
    ['a key in the header', { header: { jwk: { kty: 'OKP' } } }, /header is not ours/],
    ['a key address in the header', { header: { jku: 'https://evil.test/keys' } }, /header is not ours/],
    ['another key id', { header: { kid: 'A'.repeat(43) } }, /key this gateway does not have/],
    ['a path as key id', { header: { kid: '../../etc/passwd' } }, /header is not ours: kid/],
    ['another issuer', { body: { iss: 'https://evil.test' } }, /not issued by/],
    ['no issuer', { body: { iss: undefined } }, /missing or malformed: iss/],
    ['another audience', { body: { aud: 'https://other.test' } }, /not for https:\/\/gateway.test\/mcp/],
    ['a list of audiences', { body: { aud: [AUDIENCE] } }, /missing or malformed: aud/],
    ['no expiry', { body: { exp: undefined } }, /missing or malformed: exp/],
    ['expiry as text', { body: { exp: '9999999999' } }, /missing or malformed: exp/],
    ['a fraction as expiry', { body: { exp: START / 1_000 + 0.5 } }, /missing or malformed: exp/],
    ['an expiry that is past', { body: { exp: START / 1_000 } }, /expired at 2026-01-01T00:00:00/],
    ['a life too long', { body: { exp: START / 1_000 + limits.tokenLifeMs / 1_000 + 60 } }, /lives longer/],
    ['issued in 31 s', { body: { iat: START / 1_000 + 31, exp: START / 1_000 + 90 } }, /issued in the future/],
    ['valid in 31 s', { body: { nbf: START / 1_000 + 31, exp: START / 1_000 + 90 } }, /not valid before/],
    ['no token id', { body: { jti: undefined } }, /missing or malformed: jti/],
    [
      'claims too deep',
      { body: { a: { b: { c: { d: { e: { f: { g: { h: { i: 1 } } } } } } } } } },
      /nested too deeply/,
    ],
  ];
  it.each(wrongs)('refuses %s, even signed with our key', async (_name, over, message) => {
    const signer = await open();
    expect(await refusal(signer.verify(await forge(over), AUDIENCE))).toMatch(message);
  });

  it('refuses a critical extension', async () => {
    const signer = await open();
    const { kid, key } = await stolenKey();
    const token = await new CompactSign(new TextEncoder().encode('{}'))
      .setProtectedHeader({ alg: 'EdDSA', typ: 'chaperone+jwt', kid, crit: ['b64'], b64: true })
      .sign(key);
    expect(await refusal(signer.verify(token, AUDIENCE))).toMatch(/header is not ours/);
  });

  it('accepts a clock that is 30 s behind the issuer’s', async () => {
    const signer = await open();
    const ahead = START / 1_000 + 30;
    await expect(signer.verify(await forge({ body: { iat: ahead, nbf: ahead } }), AUDIENCE)).resolves.toMatchObject(
      claims,
    );
  });

  it('refuses the algorithm none, and the public key used as an HMAC secret', async () => {
    const signer = await open();
    const { kid, jwk } = await stolenKey();
    const body = { ...claims, iss: ISSUER, aud: AUDIENCE, jti: 'tok_0123456789abcdef' };
    const seconds = START / 1_000;
    const none = new UnsecuredJWT({ ...body, iat: seconds, nbf: seconds, exp: seconds + 60 }).encode();
    await refusal(signer.verify(none, AUDIENCE));
    const part = (value: unknown) => base64url.encode(JSON.stringify(value));
    const blank = base64url.encode(new Uint8Array(64));
    for (const alg of ['none', 'None', 'NONE', '']) {
      const token = `${part({ alg, typ: 'chaperone+jwt', kid })}.${none.split('.')[1]}.${blank}`;
      expect(await refusal(signer.verify(token, AUDIENCE))).toMatch(/header is not ours: alg/);
    }
    for (const secret of [
      base64url.decode(jwk.x),
      new TextEncoder().encode(jwk.x),
      new TextEncoder().encode(JSON.stringify(jwk)),
    ]) {
      for (const alg of ['HS256', 'HS512']) {
        const token = await new SignJWT(body)
          .setProtectedHeader({ alg, typ: 'chaperone+jwt', kid })
          .setIssuedAt(seconds)
          .setNotBefore(seconds)
          .setExpirationTime(seconds + 60)
          .sign(
            secret.length < 64 ? new Uint8Array(Buffer.concat([secret, Buffer.alloc(64 - secret.length)])) : secret,
          );
        await refusal(signer.verify(token, AUDIENCE));
      }
    }
  });

  it('refuses a token with any bit flipped, fresh and remembered', async () => {
    const signer = await open();
    const token = await signer.sign(claims, AUDIENCE, START + HOUR);
    await signer.verify(token, AUDIENCE);
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.integer({ min: 0, max: 7 }), async (index, bit) => {
        const bytes = Buffer.from(token);
        bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
        await refusal(signer.verify(bytes.toString('latin1'), AUDIENCE));
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  it('refuses every other spelling of the last character of the signature', async () => {
    const signer = await open();
    const token = await signer.sign(claims, AUDIENCE, START + HOUR);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    for (const letter of alphabet) {
      const other = token.slice(0, -1) + letter;
      if (other !== token) await refusal(signer.verify(other, AUDIENCE));
    }
    for (const other of [`${token}=`, `${token}\n`, ` ${token}`, `${token}.`, token.replaceAll('.', '..')]) {
      await refusal(signer.verify(other, AUDIENCE));
    }
  });

  it('refuses any text at all', async () => {
    const signer = await open();
    const part = fc.oneof(
      fc.string(),
      fc.base64String(),
      fc.json().map((text) => base64url.encode(text)),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.array(part, { maxLength: 5 }).map((parts) => parts.join('.')),
        ),
        async (text) => {
          await refusal(signer.verify(text, AUDIENCE));
        },
      ),
      { numRuns: 300, seed: 11 },
    );
    expect(await refusal(signer.verify('a'.repeat(limits.tokenChars + 1), AUDIENCE))).toMatch(/over 8192 characters/);
  });

  it('refuses a remembered token for another audience', async () => {
    const signer = await open();
    const token = await signer.sign(claims, AUDIENCE, START + HOUR);
    await signer.verify(token, AUDIENCE);
    expect(await refusal(signer.verify(token, 'https://other.test'))).toMatch(/not for https:\/\/other.test/);
  });

  it('goes by the clock each time: expiry to the millisecond, and jumps both ways', async () => {
    const signer = await open();
    const token = await signer.sign(claims, AUDIENCE, START + HOUR);
    clock.advance(HOUR - 1);
    await signer.verify(token, AUDIENCE);
    clock.advance(1);
    expect(await refusal(signer.verify(token, AUDIENCE))).toMatch(/expired/);
    clock.jump(-HOUR - 60_000); // before it was issued, by more than the tolerance
    expect(await refusal(signer.verify(token, AUDIENCE))).toMatch(/not valid before/);
    clock.jump(60_000);
    await signer.verify(token, AUDIENCE);
  });

  it('signs no expiry that is past, too far or not a number, and no claim of its own', async () => {
    const signer = await open();
    for (const expiry of [START, START - 1, START + 999, START + limits.tokenLifeMs + 1, Number.NaN, Infinity]) {
      const signed = signer.sign(claims, AUDIENCE, expiry);
      await expect(signed, String(expiry)).rejects.toMatchObject({ code: 'E_REQUEST_INVALID' });
    }
    await expect(signer.sign({ ...claims, exp: 1 }, AUDIENCE, START + HOUR)).rejects.toThrow(/exp is the signer’s/);
    await expect(signer.sign({ text: 'x'.repeat(9_000) }, AUDIENCE, START + HOUR)).rejects.toMatchObject({
      code: 'E_LIMIT',
    });
  });

  it('refuses a revoked token at once, remembered or not, and when revocation cannot be told', async () => {
    const revoked = new Set<unknown>();
    let broken = false;
    const signer = await open({
      isRevoked: (found) => {
        if (broken) throw new Error('down');
        return revoked.has(found['jti']);
      },
    });
    const token = await signer.sign(claims, AUDIENCE, START + HOUR);
    const { jti } = await signer.verify(token, AUDIENCE);
    broken = true;
    expect(await refusal(signer.verify(token, AUDIENCE))).toMatch(/cannot be told/);
    broken = false;
    revoked.add(jti);
    expect(await refusal(signer.verify(token, AUDIENCE))).toMatch(/revoked/);
    expect(await refusal(signer.verify(token, AUDIENCE))).toMatch(/revoked/);
  });
});

describe('the key folder', () => {
  it('is 0700 with files of 0600', async () => {
    await open();
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect(await readdir(folder)).toEqual(['key-000001.json']);
    expect((await stat(join(folder, 'key-000001.json'))).mode & 0o777).toBe(0o600);
  });

  it('is read again by the next process', async () => {
    const token = await (await open()).sign(claims, AUDIENCE, START + HOUR);
    await expect((await open()).verify(token, AUDIENCE)).resolves.toMatchObject(claims);
  });

  const loose: readonly [string, () => Promise<void>, RegExp][] = [
    ['a folder others can look into', () => chmod(folder, 0o750), /run: chmod 700 '.*keys'/],
    [
      'a key the group can read',
      () => chmod(join(folder, 'key-000001.json'), 0o640),
      /run: chmod 600 '.*key-000001.json'/,
    ],
    ['a key the world can read', () => chmod(join(folder, 'key-000001.json'), 0o604), /run: chmod 600/],
    ['a key that is no key', () => writeFile(join(folder, 'key-000001.json'), '{"d":"secret"}'), /not a key file/],
    ['a key cut short', () => writeFile(join(folder, 'key-000001.json'), ''), /not a key file/],
    ['a folder in place of a key', () => mkdir(join(folder, 'key-000002.json'), { mode: 0o700 }), /not a key file/],
    ['a link in place of a key', () => symlink('/dev/null', join(folder, 'key-000002.json')), /cannot be opened/],
  ];
  it.each(loose)('is refused with %s', async (_name, spoil, message) => {
    await open();
    await spoil();
    const error = await open().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'E_CONFIG', message: expect.stringMatching(message) });
    expect(String(error)).not.toContain('secret');
  });

  it('is refused when a public key was exchanged under its id', async () => {
    await open();
    const path = join(folder, 'key-000001.json');
    const file = JSON.parse(await readFile(path, 'utf8'));
    const { publicKey } = await generateKeyPair('EdDSA', { extractable: true });
    file.jwk = { ...file.jwk, x: (await exportJWK(publicKey)).x };
    await writeFile(path, JSON.stringify(file));
    await expect(open()).rejects.toMatchObject({ code: 'E_CONFIG', message: expect.stringMatching(/thumbprint/) });
  });

  it('gets one first key however many processes start at once', async () => {
    const program = join(root, 'open.mjs');
    const signerUrl = new URL('./signer.ts', import.meta.url).href;
    const clockUrl = new URL('../../../base/clock.ts', import.meta.url).href;
    await writeFile(
      program,
      `import { openLocalSigner } from ${JSON.stringify(signerUrl)};
       import { systemClock as clock } from ${JSON.stringify(clockUrl)};
       const signer = await openLocalSigner({ folder: ${JSON.stringify(folder)}, issuer: ${JSON.stringify(ISSUER)}, clock });
       process.send(await signer.sign({ sub: 'a' }, ${JSON.stringify(AUDIENCE)}, clock.nowMs() + 60_000));
       process.disconnect();`,
    );
    const tokens = await Promise.all(
      Array.from({ length: 4 }, () => {
        return new Promise<string>((resolve, reject) => {
          const child = fork(program, { stdio: 'ignore' });
          child.once('message', (token) => resolve(String(token)));
          child.once('exit', (code) => reject(new Error(`exit ${code}`)));
        });
      }),
    );
    expect(await readdir(folder)).toEqual(['key-000001.json']);
    const signer = await open({ clock: systemClock });
    for (const token of tokens) await expect(signer.verify(token, AUDIENCE)).resolves.toMatchObject({ sub: 'a' });
  });

  it('gets one key when several openers and rotators race in one process', async () => {
    const signers = await Promise.all([open(), open(), open()]);
    const made = await Promise.all(signers.map((signer) => signer.rotate()));
    const files = (await readdir(folder)).filter((name) => name.startsWith('key-'));
    expect(files.length).toBe(1 + new Set(made).size);
    expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});

describe('rotation', () => {
  it('keeps old tokens good until they expire, then forgets the old key', async () => {
    const signer = await open();
    const old = await signer.sign(claims, AUDIENCE, START + limits.tokenLifeMs);
    await signer.verify(old, AUDIENCE);
    clock.advance(1_000);
    const kid = await signer.rotate();
    const fresh = await signer.sign(claims, AUDIENCE, START + HOUR);
    expect(JSON.parse(Buffer.from(fresh.split('.')[0] ?? '', 'base64url').toString())).toMatchObject({ kid });
    await signer.verify(old, AUDIENCE);
    await signer.verify(fresh, AUDIENCE);
    await (await open()).verify(old, AUDIENCE);

    clock.advance(limits.tokenLifeMs - 1_001); // one millisecond before its expiry
    await signer.verify(old, AUDIENCE);
    clock.advance(1);
    expect(await refusal(signer.verify(old, AUDIENCE))).toMatch(/expired/);
    clock.advance(10 * 60_000);
    await signer.rotate();
    expect(await readdir(folder)).toEqual(['key-000002.json', 'key-000003.json']);
  });

  it('takes the private half of a retired key off the disk', async () => {
    const signer = await open();
    await signer.rotate();
    const read = async (name: string) => JSON.parse(await readFile(join(folder, name), 'utf8')).jwk;
    expect(await read('key-000001.json')).not.toHaveProperty('d');
    expect(await read('key-000002.json')).toHaveProperty('d');
    expect((await stat(join(folder, 'key-000001.json'))).mode & 0o777).toBe(0o600);
  });

  it('refuses what a stolen key signs after it was retired', async () => {
    const signer = await open();
    const { kid, key } = await stolenKey();
    await signer.rotate();
    clock.advance(10 * 60_000);
    const seconds = clock.nowMs() / 1_000;
    const body = {
      ...claims,
      iss: ISSUER,
      aud: AUDIENCE,
      iat: seconds,
      nbf: seconds,
      exp: seconds + 60,
      jti: 'tok_0123456789abcdef',
    };
    const token = await new CompactSign(new TextEncoder().encode(JSON.stringify(body)))
      .setProtectedHeader({ alg: 'EdDSA', typ: 'chaperone+jwt', kid })
      .sign(key);
    expect(await refusal(signer.verify(token, AUDIENCE))).toMatch(/after its key was retired/);
  });

  it('is seen by another process: at the first unknown key, and before long when it signs', async () => {
    const [one, two] = [await open(), await open()];
    clock.advance(2_000);
    const kid = await one.rotate();
    await two.verify(await one.sign(claims, AUDIENCE, START + HOUR), AUDIENCE);
    const three = await open();
    await one.rotate();
    clock.advance(61_000);
    const { kid: signedWith } = JSON.parse(
      Buffer.from(
        (await three.sign(claims, AUDIENCE, clock.nowMs() + HOUR)).split('.')[0] ?? '',
        'base64url',
      ).toString(),
    );
    expect(signedWith).not.toBe(kid);
  });

  it('does not let made-up key ids make it read the disk again and again', async () => {
    const signer = await open();
    clock.advance(2_000);
    const unknown = await forge({ header: { kid: 'A'.repeat(43) } });
    await refusal(signer.verify(unknown, AUDIENCE));
    await rm(folder, { recursive: true }); // any further reading would fail, and be told apart
    expect(await refusal(signer.verify(unknown, AUDIENCE))).toMatch(/does not have, or no longer has/);
    clock.advance(2_000);
    expect(await refusal(signer.verify(unknown, AUDIENCE))).toMatch(/cannot be read/);
  });
});
