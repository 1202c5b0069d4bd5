import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { openWitness } from '../../../src/adapters/ledgers/witnesses/open-witness.ts';
import { Cosigners } from '../../../src/app/ledger/collect-cosignatures.ts';
import { type ServingWitness, serveWitness } from '../../../src/app/ledger/serve-witness.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { openEd25519 } from '../../../src/base/ed25519.ts';
import { sha256 } from '../../../src/base/sha256.ts';
import { createWitness } from '../../../src/doors/witness/create-witness.ts';
import { printAddCheckpoint } from '../../../src/ledger/add-checkpoint.ts';
import { parseCheckpoint, printCheckpoint, verifyCheckpoint } from '../../../src/ledger/checkpoint.ts';
import { emptyLog, growTree } from '../../../src/ledger/grow-tree.ts';
import { printNote, printSignature } from '../../../src/ledger/note.ts';
import { proveConsistency } from '../../../src/ledger/proofs.ts';
import { toBytes, toHex } from '../../../src/ledger/text-bytes.ts';
import { tilePath } from '../../../src/ledger/tiles.ts';
import { makeVerifierKey, type VerifierKey } from '../../../src/ledger/verifier-key.ts';
import type { WitnessMemory } from '../../../src/ports/ledger.ts';
import { Seeded } from '../../simulation/seeded.ts';
import { CrashingFiles } from './crashing-files.ts';
import { LedgerWorld } from './ledger-world.ts';

const root = mkdtempSync(join(tmpdir(), 'chaperone-witness-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const open: ServingWitness[] = [];
afterEach(async () => {
  for (const witness of open.splice(0)) await witness.close();
});
let folders = 0;

const ORIGIN = 'log.example/a';
const signing = openEd25519(sha256('log'));
const logKey = makeVerifierKey(ORIGIN, 'note', signing.publicKey);

async function startWitness(folder = join(root, `${folders++}`), logKeys: readonly VerifierKey[] = [logKey]) {
  const witness = await serveWitness({
    folder,
    name: 'w.example',
    logKeys,
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    onProblem: (fault) => expect(fault).toBeUndefined(),
  });
  open.push(witness);
  const post = async (body: string) => {
    const response = await fetch(`${witness.origin}/add-checkpoint`, { method: 'POST', body });
    return { status: response.status, type: response.headers.get('content-type'), body: await response.text() };
  };
  return { witness, post, folder };
}

/** A log of that many entries; a different one for another tag. */
function logOf(size: number, tag = 'entry', origin = ORIGIN) {
  const { head, files } = growTree(
    emptyLog,
    Array.from({ length: size }, (_, i) => sha256(`${tag} ${i}`)),
  );
  const text = printCheckpoint(origin, head);
  const checkpoint = printNote(text, [printSignature({ ...logKey, name: origin }, signing.sign(toBytes(text)))]);
  const tiles = new Map(files.map(({ path, bytes }) => [path, bytes]));
  const since = (oldSize: number) => proveConsistency(async (name) => tiles.get(tilePath(name)), oldSize, size);
  return { checkpoint, since };
}

const ask = async (oldSize: number, log: ReturnType<typeof logOf>, proofFrom = oldSize) =>
  printAddCheckpoint({ oldSize, proof: await log.since(proofFrom), checkpoint: log.checkpoint });

describe('a witness speaks tlog-witness', () => {
  it('signs a first checkpoint, one that continues it, and the same again', async () => {
    const { witness, post } = await startWitness();
    for (const [from, size] of [
      [0, 5],
      [5, 300],
      [300, 300],
    ] as const) {
      const log = logOf(size);
      const { status, body } = await post(await ask(from, log));
      expect(status).toBe(200);
      const policy = { logKeys: [logKey], witnesses: [witness.key], quorum: 1 };
      expect(verifyCheckpoint(`${log.checkpoint}${body}`, policy).witnesses).toHaveLength(1);
    }
  });

  it('refuses everything else with the number that the protocol gives it', async () => {
    const { post } = await startWitness();
    expect((await post(await ask(0, logOf(10)))).status).toBe(200);
    const cases: readonly (readonly [string, string, number])[] = [
      ['an unknown log', await ask(0, logOf(11, 'entry', 'log.example/b')), 404],
      ['a signature that does not hold', (await ask(10, logOf(11))).replace('\n11\n', '\n12\n'), 403],
      ['no signature of the log', (await ask(10, logOf(11))).replace('— log.example/a', '— log.example/c'), 403],
      ['an old size beyond the size', await ask(12, logOf(11), 11), 400],
      ['an old size that is not the last one', await ask(3, logOf(11)), 409],
      ['no proof', await ask(10, logOf(11), 0), 422],
      ['another history', await ask(10, logOf(11, 'other')), 422],
      ['another root of the same size', await ask(10, logOf(10, 'other')), 422],
      ['a size that went back', await ask(10, logOf(9), 9), 400],
      ['no request', 'old ten\n\n', 400],
      ['64 hashes', `old 10\n${'A'.repeat(43)}=\n`.repeat(64), 400],
      ['no text', '\u0000', 400],
      ['too much', 'x'.repeat(70_000), 413],
    ];
    for (const [what, body, status] of cases) expect([what, (await post(body)).status]).toEqual([what, status]);
    expect(await post(await ask(3, logOf(11)))).toEqual({ status: 409, type: 'text/x.tlog.size', body: '10\n' });
  });

  it('lets one of many through that ask at the same time, and remembers before it answers', async () => {
    const { post, folder } = await startWitness();
    expect((await post(await ask(0, logOf(10)))).status).toBe(200);
    const bodies = await Promise.all(Array.from({ length: 24 }, (_, i) => ask(10, logOf(11 + i))));
    const answers = await Promise.all(bodies.map((body) => post(body)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const size = 11 + answers.findIndex(({ status }) => status === 200);
    const file = join(folder, `${toHex(sha256(ORIGIN))}.checkpoint`);
    expect(parseCheckpoint(readFileSync(file, 'utf8')).size).toBe(size);
  });

  it('goes on where it was after it was ended, and serves what it signed last', async () => {
    const first = await startWitness();
    await first.post(await ask(0, logOf(10)));
    await expect(startWitness(first.folder), 'while another one has the folder').rejects.toMatchObject({
      code: 'E_LEDGER',
    });
    await open.pop()?.close();
    const { witness, post } = await startWitness(first.folder);
    expect(witness.key.text).toBe(first.witness.key.text);
    expect((await post(await ask(0, logOf(12)))).body).toBe('10\n');
    const served = await fetch(`${witness.origin}/${toHex(sha256(ORIGIN))}/checkpoint`);
    const policy = { logKeys: [logKey], witnesses: [witness.key], quorum: 1 };
    expect(verifyCheckpoint(await served.text(), policy).checkpoint.size).toBe(10);
    expect((await fetch(`${witness.origin}/${'0'.repeat(64)}/checkpoint`)).status).toBe(404);
  });
});

describe('a witness that dies on the way', () => {
  it('never signs two trees of one size, wherever its power is cut and whatever it is asked next', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(fc.nat(9), { minLength: 2, maxLength: 12 }), async (seed, turns) => {
        const seeded = new Seeded(seed);
        const files = new CrashingFiles();
        const signed = new Map<number, string>();
        for (const [turn, after] of turns.entries()) {
          const door = createWitness({
            logKeys: [logKey],
            key: witnessKey,
            memory: memoryIn(files),
            clock: systemClock,
          });
          const size = 10 + (turn >> 1);
          // Somebody who owns the log shows each turn another history, from where the witness says that it is.
          const log = logOf(size, seeded.chance(0.5) ? 'entry' : 'other');
          files.cutAfter(after);
          for (const oldSize of [0, ...signed.keys(), size].filter((old) => old <= size)) {
            const answer = await door.addCheckpoint(await ask(oldSize, log)).catch(() => undefined);
            if (answer?.status !== 200) continue;
            const root = parseCheckpoint(log.checkpoint).note.text;
            expect(signed.get(size) ?? root).toBe(root);
            signed.set(size, root);
          }
          files.restart(seeded);
        }
        // Whatever it signed is of one history.
        const histories = [...signed].map(([size, text]) =>
          ['entry', 'other'].filter((tag) => parseCheckpoint(logOf(size, tag).checkpoint).note.text === text),
        );
        expect(new Set(histories.flat()).size).toBeLessThanOrEqual(1);
      }),
      { numRuns: 60, seed: 4 },
    );
  });
});

const WITNESS = '/witness';
const witnessSigner = openEd25519(sha256('witness'));
const witnessKey = {
  verifier: makeVerifierKey('w.example', 'cosignature', witnessSigner.publicKey),
  sign: (message: Uint8Array) => witnessSigner.sign(message),
};

/** What a witness remembers, on a disk that keeps only what was synced, written as its folder is. */
function memoryIn(files: CrashingFiles): WitnessMemory {
  const path = `${WITNESS}/last`;
  return {
    async read() {
      const bytes = await files.read(path);
      if (bytes === undefined) return undefined;
      const checkpoint = Buffer.from(bytes).toString();
      const { size, root: hash } = parseCheckpoint(checkpoint);
      return { size, root: hash, checkpoint };
    },
    async write(_, { checkpoint }) {
      if ((await files.makeFolder(WITNESS)) !== undefined) await files.syncFolder('/');
      await files.write(`${path}.draft`, Buffer.from(checkpoint));
      await files.syncFile(`${path}.draft`);
      await files.rename(`${path}.draft`, path);
      await files.syncFolder(WITNESS);
    },
  };
}

/** What a witness that is broken, or lies, may answer, and what is said of it. */
const replies: readonly [string, () => { status: number; body: string } | undefined, string][] = [
  ['does not answer', () => undefined, 'did not answer in time'],
  ['answers with nonsense', () => ({ status: 200, body: 'yes\n' }), 'does not hold'],
  ['signs with another key', () => ({ status: 200, body: '— w.example AAAAAAAAAAAA\n' }), 'did not sign'],
  ['knows another history', () => ({ status: 422, body: 'no' }), 'has signed another history'],
  ['says it is ahead', () => ({ status: 409, body: '99\n' }), 'has signed a longer history'],
  ['cannot make up its mind', () => ({ status: 409, body: '0\n' }), 'does not say where it is'],
  ['sends too much', () => ({ status: 200, body: 'x'.repeat(70_000) }), 'more than is read'],
];

describe('a ledger with witnesses', () => {
  it('has each new checkpoint signed, whatever the witness knew before', async () => {
    const world = new LedgerWorld();
    const { signer } = await world.openSigner();
    const { witness } = await startWitness(undefined, await signer.keys());
    const policy = { logKeys: await signer.keys(), witnesses: [witness.key], quorum: 1 };
    for (let round = 0; round < 3; round++) {
      // A new process each time: it does not know where the witness is.
      const cosigners = new Cosigners([openWitness(`${witness.origin}/`, witness.key)], world.clock);
      const integrator = await world.open();
      for (let i = 0; i < 2; i++) {
        world.record.append(`${round} ${i}`);
        const published = await integrator.step();
        if (published === undefined) throw new Error('nothing is published');
        const { lines, problems } = await cosigners.collect(integrator, published);
        expect(problems).toEqual([]);
        await integrator.publishWith(lines);
        const bytes = await world.files.read('/ledger/checkpoint');
        expect(verifyCheckpoint(Buffer.from(bytes ?? []).toString(), policy).witnesses).toHaveLength(1);
      }
    }
  });

  it.each(replies)(
    'goes on without a witness that %s, says so, and leaves it alone for a while',
    async (_, reply, said) => {
      let asked = 0;
      const server = createServer((_request, response) => {
        asked++;
        const answer = reply();
        if (answer === undefined) return;
        response.writeHead(answer.status, { 'content-type': 'text/x.tlog.size' }).end(answer.body);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo; // it listens on a port
      const world = new LedgerWorld();
      const integrator = await world.open();
      world.record.append('one');
      const published = await integrator.step();
      if (published === undefined) throw new Error('nothing is published');
      const key = makeVerifierKey('w.example', 'cosignature', signing.publicKey);
      const cosigners = new Cosigners([openWitness(`http://127.0.0.1:${port}`, key, 200)], world.clock);
      const { lines, problems } = await cosigners.collect(integrator, published);
      expect(lines).toEqual([]);
      expect(problems).toMatchObject([{ code: 'E_WITNESS', message: expect.stringContaining(said) }]);
      const before = asked;
      expect(await cosigners.collect(integrator, published)).toEqual({ lines: [], problems: [] });
      expect(asked).toBe(before);
      world.timeMs += 60_000;
      await cosigners.collect(integrator, published);
      expect(asked).toBeGreaterThan(before);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  );
});
