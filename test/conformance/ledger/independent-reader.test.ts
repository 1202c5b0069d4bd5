import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openLedgerFolder } from '../../../src/adapters/ledgers/files/open-ledger-folder.ts';
import { openCheckpointSigner } from '../../../src/adapters/ledgers/keys/open-checkpoint-signer.ts';
import { openWitness } from '../../../src/adapters/ledgers/witnesses/open-witness.ts';
import { Cosigners } from '../../../src/app/ledger/collect-cosignatures.ts';
import { Integrator } from '../../../src/app/ledger/integrator.ts';
import { proveEvent } from '../../../src/app/ledger/prove-event.ts';
import { serveWitness } from '../../../src/app/ledger/serve-witness.ts';
import { verifyLedger } from '../../../src/app/ledger/verify-ledger.ts';
import { systemClock } from '../../../src/base/clock.ts';
import type { Digest } from '../../../src/base/digest.ts';
import { parseVerifierKey, type VerifierKey } from '../../../src/ledger/verifier-key.ts';
import { digestEvent, type StoredEvent } from '../../../src/model/event.ts';
import { buildGoReader, type GoReader } from './go-reader.ts';
import { ArrayRecord } from './ledger-world.ts';

/*
 * What this test stands on is not ours: Tessera 1.0 (its log, its witness client and its `fsck`), the note package of the
 * Go checksum database, and the formats and Merkle packages of the transparency-dev project.
 */

const root = mkdtempSync(join(tmpdir(), 'chaperone-go-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const built = buildGoReader(root);
const skipped = typeof built === 'string' ? ` (skipped: ${built})` : '';
const go: GoReader = typeof built === 'string' ? () => Promise.reject(new Error(built)) : built;
let folders = 0;
const newFolder = () => join(root, `folder-${folders++}`);

function makeEvent(seq: number): StoredEvent {
  const event = { id: `evt_${seq}`, kind: 'call.completed' as const, tenant: 't', atMs: seq, body: { seq }, seq };
  return { ...event, digest: digestEvent(event) };
}

/** A ledger of our own that grew in these steps. */
async function keepLedger(steps: readonly number[]) {
  const folder = newFolder();
  const record = new ArrayRecord();
  const signer = await openCheckpointSigner({ folder: newFolder(), origin: 'go.example/log', clock: systemClock });
  const integrator = await Integrator.open({ record, files: openLedgerFolder(folder), signer });
  const grow = async (by: number) => {
    const from = record.digests.length;
    const digests = Array.from({ length: by }, (_, i): Digest => makeEvent(from + i + 1).digest);
    record.digests.push(...digests);
    while ((await integrator.step()) !== undefined);
  };
  for (const step of steps) await grow(step);
  const keyText = (await signer.keys())[0]?.text ?? '';
  return { folder, integrator, keyText, grow };
}

const newKey = (text: string): VerifierKey => {
  const key = parseVerifierKey(text);
  if (key === undefined) throw new Error(`not a key: ${text}`);
  return key;
};

describe.skipIf(typeof built === 'string')(`implementations we did not write${skipped}`, () => {
  it.each([[[1]], [[255, 1]], [[256]], [[200, 57]], [[3, 700]], [[70_000]]])(
    'find our tree sound after %j',
    async (steps) => {
      const { folder, keyText } = await keepLedger(steps);
      expect(await go('fsck', folder, keyText)).toBe(String(steps.reduce((sum, step) => sum + step, 0)));
    },
  );

  it('find the bit that was flipped in it', async () => {
    const { folder, keyText } = await keepLedger([300]);
    const path = join(folder, 'tile/entries/000');
    const bytes = readFileSync(path);
    bytes[700] = (bytes[700] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    await expect(go('fsck', folder, keyText)).rejects.toThrow();
  });

  it('accept our proofs, with the signature of our witness', async () => {
    const { folder, integrator, keyText, grow } = await keepLedger([500]);
    const witness = await serveWitness({
      folder: newFolder(),
      name: 'witness.example',
      logKeys: [newKey(keyText)],
      host: '127.0.0.1',
      port: 0,
      clock: systemClock,
      onProblem: (fault) => expect(fault).toBeUndefined(),
    });
    const cosigners = new Cosigners([openWitness(witness.origin, witness.key)], systemClock);
    for (const by of [0, 1, 300]) {
      await grow(by);
      const { published } = integrator;
      if (published === undefined) throw new Error('nothing is published');
      const { lines, problems } = await cosigners.collect(integrator, published);
      expect(problems).toEqual([]);
      await integrator.publishWith(lines);
    }
    for (const seq of [1, 256, 400, 801]) {
      const file = join(root, `${seq}.tlog-proof`);
      writeFileSync(file, await proveEvent(folder, makeEvent(seq), 'event'));
      expect(await go('proof', file, keyText, witness.key.text)).toBe(`${seq - 1} of 801`);
      writeFileSync(file, (await proveEvent(folder, makeEvent(seq), 'event')).replace(/extra ..../, 'extra AAAA'));
      await expect(go('proof', file, keyText, witness.key.text)).rejects.toThrow();
    }
    await witness.close();
  });

  it('have our witness sign their log, which we verify', async () => {
    const [privateKey = '', publicKey = ''] = (await go('keygen', 'theirs.example/log')).split('\n');
    const witness = await serveWitness({
      folder: newFolder(),
      name: 'witness.example',
      logKeys: [newKey(publicKey)],
      host: '127.0.0.1',
      port: 0,
      clock: systemClock,
      onProblem: (fault) => expect(fault).toBeUndefined(),
    });
    const folder = newFolder();
    await go('log', folder, privateKey, '600', witness.key.text, witness.origin);
    await go('log', folder, privateKey, '7', witness.key.text, witness.origin);
    const trust = { keys: [newKey(publicKey)], witnesses: [witness.key], quorum: 1 };
    const { checkpoint } = await verifyLedger(openLedgerFolder(folder), trust);
    expect(checkpoint).toMatchObject({ origin: 'theirs.example/log', size: 607 });
    await witness.close();
  });
});
