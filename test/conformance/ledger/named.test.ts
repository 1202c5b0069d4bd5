import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestFields } from '../../../src/adapters/stores/sqlite/append-event.ts';
import type { WireEvent } from '../../../src/adapters/stores/sqlite/wire.ts';
import { type LoadedConfig, loadConfig } from '../../../src/app/config/load-config.ts';
import { checkLedger } from '../../../src/app/ledger/check-ledger.ts';
import { findEvent } from '../../../src/app/ledger/find-event.ts';
import { proveEvent } from '../../../src/app/ledger/prove-event.ts';
import { openLedgerKeys, placeLedger } from '../../../src/app/ledger/start-ledger.ts';
import type { Trust } from '../../../src/app/ledger/verify-ledger.ts';
import { verifyPath } from '../../../src/app/ledger/verify-path.ts';
import { verifyProof } from '../../../src/app/ledger/verify-proof.ts';
import { openStore } from '../../../src/app/open-store.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { openEd25519 } from '../../../src/base/ed25519.ts';
import { Fault } from '../../../src/base/fault.ts';
import { sha256 } from '../../../src/base/sha256.ts';
import { createChaperone } from '../../../src/index.ts';
import { parseNote, printNote, printSignature } from '../../../src/ledger/note.ts';
import { toBytes } from '../../../src/ledger/text-bytes.ts';
import { countLevels, entriesPath, tileOf, tilePath } from '../../../src/ledger/tiles.ts';
import { makeVerifierKey } from '../../../src/ledger/verifier-key.ts';

/*
 * A gateway's own record and ledger, of several tiles, checkpoints and keys, in which somebody changes one thing. `fsck` says
 * which event or file it is, and so does `verify` of a copy by public keys alone, as far as the copy has it.
 */

const ORIGIN = 'named.example/log';
const WAITING = 3;

let folder: string;
let copy: string;
let loaded: LoadedConfig;
let trust: Trust;
let store: string;
let ledger: string;
let size: number;
let files: readonly string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-named-'));
  await writeFile(
    join(folder, 'chaperone.yaml'),
    `version: 1\ndata: data\nledger: { origin: ${ORIGIN}, checkpointEvery: 100ms }\n`,
  );
  const config = join(folder, 'chaperone.yaml');
  loaded = await loadConfig(config, { hostServers: ['app'] });
  for (const calls of [90, 460]) {
    const chaperone = await createChaperone({ config, notify: () => {} });
    const run = await chaperone.startRun({ agent: 'support', user: { id: 'ana' }, prompt: 'Look up what there is.' });
    for (let i = 0; i < calls; i++) await run.call('app/nothing', { id: String(i) });
    await run.end();
    await chaperone.close(); // takes up what is left
    if (calls < 100) await (await openLedgerKeys(loaded, systemClock)).rotate();
  }
  ({ record: store, folder: ledger } = placeLedger(loaded));
  const { waiting, checkpoint } = await checkLedger(loaded, systemClock);
  expect(waiting).toBe(0);
  size = checkpoint.size;
  const appended = await openStore(join(folder, 'data'), systemClock);
  for (let i = 0; i < WAITING; i++) {
    const body = { by: 'ana', what: 'events' };
    const event = { id: `evt_waiting_${i}`, kind: 'record.read' as const, tenant: 'default', atMs: 1, body };
    await appended.commit([{ kind: 'event.append', event }]);
  }
  await appended.close();
  trust = { keys: (await (await openLedgerKeys(loaded, systemClock)).keys()).slice(0, 1), witnesses: [], quorum: 0 };
  copy = join(folder, 'copy');
  await cp(ledger, copy, { recursive: true });
  files = ['keys/000001', 'keys/000002', ...listTiles(size)];
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The files that the tree of that size consists of. What lies there beside them is of smaller ones. */
function listTiles(size: number): readonly string[] {
  const paths: string[] = [];
  for (let level = 0; level < countLevels(size); level++) {
    for (let index = 0; ; index++) {
      const name = tileOf(size, level, index);
      if (name === undefined) break;
      paths.push(tilePath(name), ...(level === 0 ? [entriesPath(index, name.width)] : []));
    }
  }
  return paths;
}

/** The code and message of what a task ends with; undefined where it does not fail. */
async function faultOf(task: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await task();
    return undefined;
  } catch (error) {
    if (error instanceof Fault) return `${error.code} ${error.message}`;
    throw error;
  }
}

const fsck = () => faultOf(() => checkLedger(loaded, systemClock));
const verify = () => faultOf(() => verifyPath(copy, trust));

/** Changes a row of the store as somebody does who owns the file, and afterwards puts it back. */
async function withRows(change: (db: DatabaseSync) => void, check: () => Promise<void>): Promise<void> {
  const db = new DatabaseSync(store, { defensive: false });
  const triggers = db.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all();
  const open = () => {
    for (const { name } of triggers) db.exec(`DROP TRIGGER "${String(name)}"`);
  };
  const shut = () => {
    for (const { sql } of triggers) db.exec(String(sql));
  };
  db.exec('CREATE TEMP TABLE kept AS SELECT * FROM main.events');
  try {
    open();
    change(db);
    shut();
    await check();
  } finally {
    open();
    db.exec('DELETE FROM main.events; INSERT INTO main.events SELECT * FROM kept ORDER BY seq');
    shut();
    db.close();
  }
}

/** Changes a file in the ledger and in its copy, and afterwards puts it back. */
async function withFile(path: string, change: (bytes: Buffer) => Buffer | undefined, check: () => Promise<void>) {
  const was = await readFile(join(ledger, path));
  const now = change(Buffer.from(was));
  try {
    for (const root of [ledger, copy]) {
      if (now === undefined) await rm(join(root, path));
      else await writeFile(join(root, path), now);
    }
    await check();
  } finally {
    for (const root of [ledger, copy]) await writeFile(join(root, path), was);
  }
}

function flip(bytes: Buffer, bit: number): Buffer {
  const at = (bit >> 3) % bytes.length;
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (bit & 7)), at);
  return bytes;
}

const quote = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
const pick = <T>(from: readonly T[], number: number): T => from[number % from.length] as T; // within
const RUNS = { seed: 5 };

describe('a record and ledger in which nothing was changed', () => {
  it('are clean, of several tiles, keys and events that wait', async () => {
    expect(await fsck()).toBeUndefined();
    expect(await verify()).toBeUndefined();
    expect((await checkLedger(loaded, systemClock)).waiting).toBe(WAITING);
    expect(size).toBeGreaterThan(512);
    for (const path of ['tile/0/000', 'tile/0/001', 'tile/entries/001', 'keys/000002']) expect(files).toContain(path);
  });
});

describe('an event of the record', () => {
  const COLUMNS = ['id', 'kind', 'tenant', 'run_id', 'call_id', 'agent', 'tool', 'user', 'at_ms', 'body', 'digest'];

  it('of which one field was changed is named, whether or not a checkpoint covers it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.nat(3),
        fc.constantFrom(...COLUMNS),
        fc.nat(),
        async (pickSeq, one, column, bit) => {
          const seq = one === 0 ? size + 1 + (pickSeq % WAITING) : 1 + (pickSeq % size);
          const change = (db: DatabaseSync) => {
            const was = db.prepare(`SELECT "${column}" AS value FROM events WHERE seq = ?`).get(seq)?.['value'] ?? null;
            const text = Buffer.from(String(was));
            // The last bit but one keeps a text a text.
            const now = was === null ? 'x' : typeof was === 'number' ? was + 1 : flip(text, (bit & ~7) | 1).toString();
            expect(now).not.toBe(was);
            db.prepare(`UPDATE events SET "${column}" = ? WHERE seq = ?`).run(now, seq);
          };
          await withRows(change, async () => {
            expect(await fsck()).toBe(`E_STORE_CORRUPT event ${seq} of the record is not what was written`);
          });
        },
      ),
      { ...RUNS, numRuns: 40 },
    );
  });

  it('that was changed with its digest is named', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (pickSeq) => {
        const seq = 1 + (pickSeq % size);
        const change = (db: DatabaseSync) => {
          db.prepare("UPDATE events SET kind = 'run.resumed' WHERE seq = ?").run(seq);
          const row = db.prepare('SELECT * FROM events WHERE seq = ?').get(seq) ?? {};
          const fields = ['id', 'kind', 'tenant', 'run_id', 'call_id', 'agent', 'tool', 'user', 'at_ms', 'body'];
          const event = fields.map((name) => row[name]) as unknown as WireEvent; // as its columns
          db.prepare('UPDATE events SET digest = ? WHERE seq = ?').run(digestFields(event, seq), seq);
        };
        await withRows(change, async () => {
          expect(await fsck()).toMatch(
            new RegExp(`^E_EVIDENCE .*the event in the record is not the one that was signed \\(event ${seq}\\)$`),
          );
        });
      }),
      { ...RUNS, numRuns: 12 },
    );
  });

  it('that was dropped is named, with those behind it moved up or not, or all of them gone', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.constantFrom('gap', 'moved', 'cut'), async (pickSeq, how) => {
        const seq = 1 + (pickSeq % size);
        const change = (db: DatabaseSync) => {
          db.prepare(`DELETE FROM events WHERE seq ${how === 'cut' ? '>=' : '='} ?`).run(seq);
          if (how === 'moved') {
            db.prepare('UPDATE events SET seq = -seq WHERE seq > ?').run(seq);
            db.exec('UPDATE events SET seq = -seq - 1 WHERE seq < 0');
          }
        };
        const says = {
          gap: new RegExp(`^E_STORE_CORRUPT event ${seq} is missing from the record$`),
          moved: new RegExp(`^E_STORE_CORRUPT event ${seq} of the record is not what was written$`),
          cut: new RegExp(`^E_EVIDENCE .*the record ends before this event \\(event ${seq}\\)$`),
        };
        await withRows(change, async () => {
          expect(await fsck()).toMatch(says[how as keyof typeof says]);
        });
      }),
      { ...RUNS, numRuns: 18 },
    );
  });

  it('that changed places with a later one is named', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), async (one, other) => {
        const [a, b] = [1 + (one % size), 1 + (other % size)].sort((x, y) => x - y) as [number, number]; // two, sorted
        fc.pre(a !== b);
        const change = (db: DatabaseSync) => {
          const move = db.prepare('UPDATE events SET seq = ? WHERE seq = ?');
          move.run(-1, a);
          move.run(a, b);
          move.run(b, -1);
        };
        await withRows(change, async () => {
          expect(await fsck()).toBe(`E_STORE_CORRUPT event ${a} of the record is not what was written`);
        });
      }),
      { ...RUNS, numRuns: 12 },
    );
  });
});

describe('a file of the ledger', () => {
  const bundles = () => files.filter((path) => path.startsWith('tile/entries/'));
  const tiles = () => files.filter((path) => /^tile\/\d/.test(path));
  const keyFiles = () => files.filter((path) => path.startsWith('keys/'));
  /** Both say it, and both the same. */
  const requireBoth = async (says: RegExp) => {
    expect(await fsck()).toMatch(says);
    expect(await verify()).toMatch(says);
  };

  it('with a bit of an entry flipped is named with its event', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), async (pickPath, bit) => {
        const path = pick(bundles(), pickPath);
        let seq = 0;
        const change = (bytes: Buffer) => {
          const at = (bit >> 3) % bytes.length;
          const [bundle = 0] = [/(\d{3})(?:\.p\/\d+)?$/.exec(path)?.[1]].map(Number);
          seq = bundle * 256 + Math.floor(at / 34) + 1;
          return flip(bytes, bit);
        };
        await withFile(path, change, () =>
          requireBoth(new RegExp(`^E_EVIDENCE tile/entries/\\S+: .*\\(event ${seq}\\)$`)),
        );
      }),
      { ...RUNS, numRuns: 25 },
    );
  });

  it('with a bit of a tile flipped is named with the hash', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), async (pickPath, bit) => {
        const path = pick(tiles(), pickPath);
        let hash = 0;
        const change = (bytes: Buffer) => {
          hash = Math.floor(((bit >> 3) % bytes.length) / 32);
          return flip(bytes, bit);
        };
        await withFile(path, change, () => requireBoth(new RegExp(`^E_EVIDENCE ${quote(path)}: hash ${hash} is not`)));
      }),
      { ...RUNS, numRuns: 25 },
    );
  });

  it('that is gone is named', async () => {
    for (const path of [...bundles(), ...tiles()]) {
      await withFile(
        path,
        () => undefined,
        () => requireBoth(new RegExp(`^E_EVIDENCE ${quote(path)}: .*missing`)),
      );
    }
  });

  it('of the keys, with a bit flipped, is named by its number', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), async (pickPath, bit) => {
        const path = pick(keyFiles(), pickPath);
        await withFile(
          path,
          (bytes) => flip(bytes, bit),
          async () => {
            // A flipped bit of a name makes another key of it, or no text at all.
            for (const said of [await fsck(), await verify()])
              expect(said).toMatch(/^E_EVIDENCE .*(key|signed note|UTF-8)/);
          },
        );
      }),
      { ...RUNS, numRuns: 25 },
    );
  });

  it('that has a key and is gone is named', async () => {
    for (const path of keyFiles()) {
      await withFile(
        path,
        () => undefined,
        async () => {
          expect(await fsck(), path).toMatch(/^E_EVIDENCE .*(keys\/00000\d: it is (missing|not what)|key history)/);
        },
      );
    }
  });

  it('that is the checkpoint, with any bit of text or signature flipped, is not believed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (bit) => {
        await withFile(
          'checkpoint',
          (bytes) => flip(bytes, bit),
          async () => {
            for (const said of [await fsck(), await verify()]) {
              // The line of a key that nobody gave may say what it likes: then another one signs it.
              expect(said ?? 'another key signs it').toMatch(/^E_EVIDENCE |^another key signs it$/);
            }
          },
        );
      }),
      { ...RUNS, numRuns: 60 },
    );
  });

  it('that is the checkpoint, signed again by somebody else, is not believed', async () => {
    const stranger = openEd25519(sha256('stranger'));
    const change = (bytes: Buffer) => {
      const { text } = parseNote(bytes.toString());
      const key = makeVerifierKey(ORIGIN, 'note', stranger.publicKey);
      return Buffer.from(printNote(text, [printSignature(key, stranger.sign(toBytes(text)))]));
    };
    await withFile('checkpoint', change, () => requireBoth(/^E_EVIDENCE the checkpoint is signed by none of the keys/));
  });
});

describe('a proof file', () => {
  it('of which any one bit was flipped is refused', async () => {
    const [event] = await Promise.all([findEvent(loaded, { callId: await anyCall() })]);
    const keys = await (await openLedgerKeys(loaded, systemClock)).keys();
    const text = Buffer.from(await proveEvent(ledger, event, 'event'));
    expect(verifyProof(text.toString(), { keys, witnesses: [], quorum: 0 }).seq).toBe(event.seq);
    const kept: number[] = [];
    for (let at = 0; at < text.length; at += 1 + (at % 3)) {
      const said = await faultOf(async () =>
        verifyProof(flip(Buffer.from(text), at * 8 + (at % 7)).toString(), { keys, witnesses: [], quorum: 0 }),
      );
      if (said === undefined) kept.push(at);
      else expect(said).toMatch(/^E_EVIDENCE /);
    }
    // Two keys sign in the time between them: the line of one may be broken into one of a key that nobody knows.
    const names = text.toString('latin1').matchAll(/\u00e2\u0080\u0094 [^\n]*/g);
    const lines = [...names].map(({ 0: line, index }) => [index, index + line.length] as const);
    for (const at of kept)
      expect(
        lines.some(([from, to]) => at >= from && at < to),
        `byte ${at}`,
      ).toBe(true);
    expect(lines.length).toBe(2);
  });

  async function anyCall(): Promise<string> {
    const db = new DatabaseSync(store, { readOnly: true });
    const row = db
      .prepare('SELECT call_id FROM events WHERE call_id IS NOT NULL ORDER BY seq LIMIT 1 OFFSET 200')
      .get();
    db.close();
    return String(row?.['call_id']);
  }
});
