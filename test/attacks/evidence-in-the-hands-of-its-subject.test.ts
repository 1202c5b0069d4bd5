import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openFolderCopy } from '../../src/adapters/ledgers/copies/open-folder-copy.ts';
import { openLedgerFolder } from '../../src/adapters/ledgers/files/open-ledger-folder.ts';
import { openWitness } from '../../src/adapters/ledgers/witnesses/open-witness.ts';
import { loadConfig } from '../../src/app/config/load-config.ts';
import { exportEvidence } from '../../src/app/evidence/export-evidence.ts';
import { verifyArchive } from '../../src/app/evidence/verify-archive.ts';
import { Cosigners } from '../../src/app/ledger/collect-cosignatures.ts';
import { LedgerCopier } from '../../src/app/ledger/ledger-copier.ts';
import { openCopyFiles } from '../../src/app/ledger/read-copy.ts';
import { type ServingWitness, serveWitness } from '../../src/app/ledger/serve-witness.ts';
import { openLedgerKeys } from '../../src/app/ledger/start-ledger.ts';
import { verifyLedger } from '../../src/app/ledger/verify-ledger.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createChaperone } from '../../src/index.ts';
import { checkpointCopyPath } from '../../src/ledger/checkpoint-copy.ts';
import { KEYS, LEDGER, LedgerWorld } from '../conformance/ledger/ledger-world.ts';

/*
 * Whoever has something to hide owns the host, the ledger, its keys and their memory, or gets to write where evidence is kept.
 * They fork the log, forge what a copy ends with, or hand over an archive that does something to whoever looks into it.
 */

const root = mkdtempSync(join(tmpdir(), 'chaperone-subject-'));
const serving: ServingWitness[] = [];
afterAll(async () => {
  for (const witness of serving) await witness.close();
  rmSync(root, { recursive: true, force: true });
});

describe('a log that is forked', () => {
  it('is never signed by two witnesses that were shown one side each', async () => {
    const world = new LedgerWorld();
    world.record.append('0', '1', '2');
    await (await world.open()).catchUp();
    const { signer } = await world.openSigner();
    const keys = await signer.keys();
    const [one, other] = await Promise.all(
      ['one.example', 'other.example'].map(async (name) => {
        const witness = await serveWitness({
          folder: join(root, name),
          name,
          logKeys: keys,
          host: '127.0.0.1',
          port: 0,
          clock: systemClock,
          onProblem: () => {},
        });
        serving.push(witness);
        return openWitness(witness.origin, witness.key);
      }),
    );
    if (one === undefined || other === undefined) throw new Error('there are two witnesses');
    const before = { ledger: world.files.all(LEDGER), keys: world.files.all(KEYS) };

    /** One side: what happened, shown to these witnesses in turn. Answers with how many of them have signed. */
    const show = async (event: string, shownTo: readonly (typeof one)[]) => {
      world.files.restore(LEDGER, before.ledger);
      world.files.restore(KEYS, before.keys);
      world.record.digests.length = 3;
      world.record.append(event);
      const integrator = await world.open();
      await integrator.catchUp();
      const { published } = integrator;
      if (published === undefined) throw new Error('nothing was published');
      let signed: readonly string[] = [];
      for (const witness of shownTo) {
        signed = [...signed, ...(await new Cosigners([witness], systemClock).collect(integrator, published)).lines];
      }
      await integrator.publishWith(signed);
      const trust = { keys, witnesses: [one.key, other.key], quorum: 2 };
      const found = verifyLedger(openLedgerFolder(LEDGER, world.files), trust);
      return {
        signed: signed.length,
        verifies: await found.then(
          () => true,
          () => false,
        ),
      };
    };
    expect(await show('paid out', [one])).toEqual({ signed: 1, verifies: false });
    expect(await show('nothing', [other, one]), 'the first will not sign the other side').toEqual({
      signed: 1,
      verifies: false,
    });
    expect(await show('paid out', [one, other])).toEqual({ signed: 1, verifies: false });
  });
});

describe('a copy that somebody else can write to', () => {
  it('cannot be made to end with a checkpoint that the log did not sign', async () => {
    const world = new LedgerWorld();
    const { signer } = await world.openSigner();
    const copy = openFolderCopy('/copy', world.files);
    const parts = { source: openLedgerFolder(LEDGER, world.files), copy, keys: () => signer.keys() };
    world.record.append('0', '1');
    const integrator = await world.open();
    await integrator.catchUp();
    const text = integrator.published?.text ?? '';
    await new LedgerCopier(parts).step(text);
    const forged = text.replace('\n2\n', '\n9\n');
    await copy.add({ path: checkpointCopyPath(9, forged), bytes: Buffer.from(forged) });
    const trust = { keys: await signer.keys(), witnesses: [], quorum: 0 };
    await expect(verifyLedger(openCopyFiles(copy), trust)).rejects.toMatchObject({ code: 'E_EVIDENCE' });
    await expect(new LedgerCopier(parts).step(text)).rejects.toMatchObject({ code: 'E_COPY_DIFFERS' });
  });
});

describe('an archive that is handed over', () => {
  it('writes nothing, whatever its files are called', async () => {
    const folder = join(root, 'archive');
    execFileSync('mkdir', ['-p', join(folder, 'inside')]);
    writeFileSync(join(folder, 'chaperone.yaml'), 'version: 1\ndata: data\n');
    const chaperone = await createChaperone({ config: join(folder, 'chaperone.yaml'), notify: () => {} });
    const run = await chaperone.startRun({ agent: 'support', user: { id: 'ana' } });
    await run.call('app/nothing', {});
    await run.end();
    await chaperone.close();
    const loaded = await loadConfig(join(folder, 'chaperone.yaml'), { hostServers: ['app'] });
    const out = join(folder, 'inside/run.tar');
    await exportEvidence({ loaded, scope: { kind: 'run', runId: run.id }, out, clock: systemClock });
    const trust = { keys: await (await openLedgerKeys(loaded, systemClock)).keys(), witnesses: [], quorum: 0 };
    await verifyArchive(out, trust);
    writeFileSync(join(folder, 'evil.txt'), 'from the archive');
    execFileSync('tar', ['-P', '-rf', 'run.tar', '../evil.txt'], { cwd: join(folder, 'inside') });
    rmSync(join(folder, 'evil.txt'));
    await expect(verifyArchive(out, trust)).rejects.toMatchObject({
      code: 'E_EVIDENCE',
      message: '../evil.txt was not signed',
    });
    expect(existsSync(join(folder, 'evil.txt'))).toBe(false);
  });
});
