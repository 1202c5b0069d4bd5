import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDistantSigner } from '../../src/adapters/ledgers/keys/open-distant-signer.ts';
import { rotateKeys, type ServingSigner, serveSigner } from '../../src/app/ledger/serve-signer.ts';
import { systemClock } from '../../src/base/clock.ts';
import { verifyCheckpoint } from '../../src/ledger/checkpoint.ts';
import { emptyLog, growTree, type LogEnd } from '../../src/ledger/grow-tree.ts';
import type { TreeHead } from '../../src/ledger/tree-head.ts';

/**
 * Whoever has taken over the gateway has the socket of the process that has the keys. They can have it sign what continues
 * the log, which they could have the gateway do as well, and nothing else.
 */

let folder: string;
let socket: string;
let serving: ServingSigner;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signer-'));
  socket = join(folder, 's.sock');
  serving = await serveSigner({ folder: join(folder, 'keys'), socket, origin: 'x.example/log', clock: systemClock });
});
afterEach(async () => {
  await serving.close();
  await rm(folder, { recursive: true, force: true });
});

/** Trees of so many events each, every one the beginning of the next. */
function grow(...counts: readonly number[]): readonly TreeHead[] {
  let end: LogEnd = emptyLog;
  return counts.map((count) => {
    const growth = growTree(
      end,
      Array.from({ length: count }, () => randomBytes(32)),
    );
    end = growth.end;
    return growth.head;
  });
}

function ask(method: string, path: string, body?: string): Promise<{ readonly status: number; readonly text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const asked = request({ socketPath: socket, path, method, agent: false }, async (response) => {
    let text = '';
    for await (const chunk of response) text += String(chunk);
    resolve({ status: response.statusCode ?? 0, text });
  });
  asked.on('error', reject);
  asked.end(body);
  return promise;
}

describe('keys in another process', () => {
  it('sign a tree, and none that does not continue it, whatever proof comes with it', async () => {
    const signer = await openDistantSigner(socket, 'x.example/log');
    const [head] = grow(5);
    const [other] = grow(9);
    if (head === undefined || other === undefined) throw new Error('two trees were grown');
    const text = await signer.sign(head, []);
    expect(verifyCheckpoint(text, { logKeys: await signer.keys() }).checkpoint.size).toBe(5);
    const proofs = [[], [randomBytes(32)], Array.from({ length: 60 }, () => randomBytes(32))];
    for (const proof of proofs)
      await expect(signer.sign(other, proof)).rejects.toMatchObject({ code: 'E_LEDGER_FORK' });
    await expect(signer.sign({ size: 5, root: other.root }, [])).rejects.toMatchObject({ code: 'E_LEDGER_FORK' });
    await expect(signer.sign({ size: 0, root: head.root }, [])).rejects.toMatchObject({ code: 'E_LEDGER_FORK' });
    expect((await signer.lastSigned())?.size).toBe(5);
  });

  it('are never told, and sign no text of anybody’s choice', async () => {
    const signer = await openDistantSigner(socket, undefined);
    const [head] = grow(1);
    if (head !== undefined) await signer.sign(head, []);
    const secret = (await readFile(join(folder, 'keys/key-000001.private'), 'utf8')).trim();
    const checkpoint = `x.example/log\n99\n${randomBytes(32).toString('base64')}\n`;
    const answers = [
      await ask('GET', '/state'),
      await ask('GET', '/key-000001.private'),
      await ask('GET', '/../keys/key-000001.private'),
      await ask('POST', '/evidence', JSON.stringify({ contents: checkpoint })),
      await ask('POST', '/evidence', JSON.stringify({ contents: `sha256:${'0'.repeat(64)}\nx` })),
      await ask('POST', '/checkpoint', JSON.stringify({ text: checkpoint })),
      await ask('POST', '/checkpoint', '{'),
      await ask('POST', '/checkpoint', 'x'.repeat(200_000)),
      await ask('POST', '/rotate', '{}'),
    ];
    for (const { text } of answers) expect(text).not.toContain(secret.slice(-40));
    expect(answers.map(({ status }) => status)).toEqual([200, 409, 409, 409, 409, 409, 409, 409, 409]);
    expect((await stat(socket)).mode & 0o007, 'others have no way to it').toBe(0);
  });

  it('may be rotated under it, and sign an archive with a key that whoever verifies knows', async () => {
    const signer = await openDistantSigner(socket, undefined);
    const [first] = grow(3);
    if (first === undefined) throw new Error('a tree was grown');
    await expect(signer.signEvidence(`sha256:${'0'.repeat(64)}`)).rejects.toMatchObject({ code: 'E_LEDGER' });
    await signer.sign(first, []);
    await rotateKeys(join(folder, 'keys'), systemClock);
    const [old, made] = await signer.keys();
    const before = await signer.signEvidence(`sha256:${'0'.repeat(64)}`);
    expect([before.includes(`— x.example/log`), before.split('— ').length - 1]).toEqual([true, 1]);
    const again = await signer.sign(first, []);
    expect(verifyCheckpoint(again, { logKeys: [old, made].filter((key) => key !== undefined) }).logKeys).toHaveLength(
      2,
    );
    expect((await signer.history()).length).toBe(2);
  });

  it('are served by one process at a time, and a socket that a dead one left is taken over', async () => {
    const again = { folder: join(folder, 'keys'), socket: join(folder, 't.sock'), clock: systemClock };
    await expect(serveSigner(again)).rejects.toMatchObject({ code: 'E_LEDGER' });
    await serving.close();
    await expect(openDistantSigner(socket, undefined)).rejects.toMatchObject({ code: 'E_LEDGER' });
    serving = await serveSigner({ ...again, socket });
    await expect(openDistantSigner(socket, 'another.example/log')).rejects.toMatchObject({ code: 'E_CONFIG' });
    expect((await openDistantSigner(socket, 'x.example/log')).origin).toBe('x.example/log');
  });
});
