import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openLedgerFolder } from '../../../src/adapters/ledgers/files/open-ledger-folder.ts';
import { openCheckpointSigner } from '../../../src/adapters/ledgers/keys/open-checkpoint-signer.ts';
import { makePrivateKey, openPrivateKey } from '../../../src/adapters/ledgers/keys/private-key.ts';
import { Integrator } from '../../../src/app/ledger/integrator.ts';
import { verifyLedger } from '../../../src/app/ledger/verify-ledger.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { limits } from '../../../src/base/limits.ts';
import { parseCheckpoint, printCheckpoint, verifyCheckpoint } from '../../../src/ledger/checkpoint.ts';
import { emptyLog, growTree } from '../../../src/ledger/grow-tree.ts';
import { KeyHistory, printKeyEntry } from '../../../src/ledger/key-history.ts';
import { printNote, printSignature } from '../../../src/ledger/note.ts';
import { toBytes } from '../../../src/ledger/text-bytes.ts';
import { makeVerifierKey, type VerifierKey } from '../../../src/ledger/verifier-key.ts';
import { ArrayRecord } from './ledger-world.ts';

const root = mkdtempSync(join(tmpdir(), 'chaperone-keys-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;

async function openLog() {
  const keys = join(root, `keys-${folders}`);
  const folder = join(root, `ledger-${folders++}`);
  let nowMs = 1_700_000_000_000;
  const clock = { ...systemClock, nowMs: () => nowMs };
  const signer = await openCheckpointSigner({ folder: keys, origin: 'keys.example/log', clock });
  const record = new ArrayRecord();
  const files = openLedgerFolder(folder);
  const integrator = await Integrator.open({ record, files, signer });
  return {
    keys,
    folder,
    files,
    signer,
    integrator,
    pass: (ms: number) => {
      nowMs += ms;
    },
    /** One more event, and the checkpoint over it. */
    async grow() {
      record.append(`event ${record.digests.length}`);
      const published = await integrator.step();
      if (published === undefined) throw new Error('nothing was published');
      return published;
    },
  };
}

const verifies = (text: string, ...logKeys: readonly VerifierKey[]) => {
  try {
    return verifyCheckpoint(text, { logKeys }).logKeys.length;
  } catch {
    return 0;
  }
};

describe('the keys of a ledger', () => {
  it('keep the origin they were made for', async () => {
    const { keys, signer } = await openLog();
    expect(signer.origin).toBe('keys.example/log');
    const again = (origin?: string) =>
      openCheckpointSigner({ folder: keys, clock: systemClock, ...(origin === undefined ? {} : { origin }) });
    expect((await again()).origin).toBe('keys.example/log');
    await expect(again('another.example')).rejects.toMatchObject({ code: 'E_CONFIG' });
  });

  it('are not used where others can read them, and not quoted where they are broken', async () => {
    const { keys, grow } = await openLog();
    const file = join(keys, 'key-000001.private');
    expect(readFileSync(file, 'utf8')).toMatch(/^PRIVATE\+KEY\+keys\.example\/log\+[0-9a-f]{8}\+\S{44}\n$/);
    chmodSync(file, 0o644);
    await expect(grow()).rejects.toMatchObject({ code: 'E_CONFIG', message: expect.stringContaining('chmod 600') });
    chmodSync(file, 0o600);
    await expect(grow()).resolves.toBeDefined();
    writeFileSync(file, 'PRIVATE+KEY+keys.example/log+00000000+c2VjcmV0');
    await expect(grow()).rejects.toMatchObject({ code: 'E_CONFIG', message: expect.not.stringContaining('c2VjcmV0') });
  });

  it('follow each other with both signing for a time, and none of the old checkpoints lost', async () => {
    const { keys, files, signer, grow, pass } = await openLog();
    const [oldKey] = await signer.keys();
    const before = await grow();
    const newKey = await signer.rotate();
    const during = await grow();
    pass(limits.ledgerOverlapMs);
    const after = await grow();
    if (oldKey === undefined) throw new Error('there is no key');

    expect([before, during, after].map(({ text }) => verifies(text, oldKey))).toEqual([1, 1, 0]);
    expect([before, during, after].map(({ text }) => verifies(text, newKey))).toEqual([0, 1, 1]);
    expect(existsSync(join(keys, 'key-000001.private'))).toBe(false);
    expect((await signer.keys()).map(({ text }) => text)).toEqual([oldKey.text, newKey.text]);
    for (const key of [oldKey, newKey]) {
      const { history } = await verifyLedger(files, { keys: [key], witnesses: [], quorum: 0 });
      expect(
        history.keys.map(({ text }) => text),
        'whoever knows one knows both',
      ).toEqual([oldKey.text, newKey.text]);
    }
  });

  it('sign nothing any more once they were replaced, even in the hands of a thief', async () => {
    const { keys, folder, files, signer, grow, pass } = await openLog();
    const stolen = openPrivateKey(readFileSync(join(keys, 'key-000001.private'), 'utf8'), 'note', 'it');
    await grow();
    await signer.rotate();
    await grow();
    pass(limits.ledgerOverlapMs);
    const { text } = await grow();
    const body = parseCheckpoint(text).note.text;
    writeFileSync(
      join(folder, 'checkpoint'),
      printNote(body, [printSignature(stolen.verifier, stolen.sign(toBytes(body)))]),
    );
    const trust = { keys: [stolen.verifier], witnesses: [], quorum: 0 };
    await expect(verifyLedger(files, trust)).rejects.toThrow('only with a key that was replaced before');
  });

  it('are believed only along a history that holds', async () => {
    const { folder, files, signer, grow } = await openLog();
    const [oldKey] = await signer.keys();
    await grow();
    await signer.rotate();
    await grow();
    const other = await openLog();
    await other.grow();
    const [stranger] = await other.signer.keys();
    if (oldKey === undefined || stranger === undefined) throw new Error('there is no key');
    const trust = { keys: [oldKey], witnesses: [], quorum: 0 };
    await expect(verifyLedger(files, { ...trust, keys: [stranger] })).rejects.toThrow('none of the keys given');
    const entry = join(folder, 'keys/000002');
    const text = readFileSync(entry, 'utf8');
    writeFileSync(entry, text.replace('from 1', 'from 0'));
    await expect(verifyLedger(files, trust)).rejects.toThrow('does not hold');
    writeFileSync(entry, text.replace(/— .*\n$/, ''));
    await expect(verifyLedger(files, trust)).rejects.toThrow('key 2 of the history is not signed');
  });

  it('cannot be put behind a stranger’s with what is public', async () => {
    const { files, folder, signer, grow } = await openLog();
    await grow();
    const newest = await signer.rotate();
    await grow();
    const keys = await signer.keys();

    const stranger = openPrivateKey(makePrivateKey('keys.example/log', 'note', systemClock), 'note', 'it');
    const sign = (text: string) => printSignature(stranger.verifier, stranger.sign(toBytes(text)));
    const second = readFileSync(join(folder, 'keys/000002'), 'utf8');
    const first = printKeyEntry({ key: stranger.verifier, fromSize: 0, atSeconds: 1 });
    const { head, files: tiles } = growTree(emptyLog, [new Uint8Array(32)]);
    const checkpoint = printCheckpoint('keys.example/log', head);
    for (const { path, bytes } of tiles) writeFileSync(join(folder, path), bytes);
    writeFileSync(join(folder, 'keys/000001'), printNote(first, [sign(first)]));
    writeFileSync(join(folder, 'keys/000002'), second + sign(second.slice(0, second.lastIndexOf('\n\n') + 1)));
    writeFileSync(join(folder, 'checkpoint'), printNote(checkpoint, [sign(checkpoint)]));
    for (const given of [[newest], keys])
      await expect(verifyLedger(files, { keys: given, witnesses: [], quorum: 0 })).rejects.toThrow(
        'key 2 of the history does not name the key that stands before it',
      );
  });

  it('all have to be in the history where several are given, which alone tells the replaced one', async () => {
    const { files, folder, signer, grow } = await openLog();
    const { text } = await grow();
    const oldKeys = await signer.keys();
    await signer.rotate();
    await grow();
    const trust = { keys: await signer.keys(), witnesses: [], quorum: 0 };
    await expect(verifyLedger(files, trust)).resolves.toBeDefined();
    writeFileSync(join(folder, 'checkpoint'), text);
    rmSync(join(folder, 'keys/000002'));
    await expect(verifyLedger(files, trust)).rejects.toThrow('is not in the log’s key history');
    rmSync(join(folder, 'keys'), { recursive: true });
    await expect(verifyLedger(files, trust)).rejects.toMatchObject({ code: 'E_EVIDENCE' });
    await expect(verifyLedger(files, { ...trust, keys: oldKeys })).resolves.toBeDefined();
  });

  it('count each for a proof, which comes without a history', () => {
    const key = (byte: number) => makeVerifierKey('keys.example/log', 'note', new Uint8Array(32).fill(byte));
    expect(KeyHistory.of([key(1), key(2)]).keysFor(10)).toEqual([key(1), key(2)]);
  });
});
