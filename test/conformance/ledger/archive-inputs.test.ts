import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type LoadedConfig, loadConfig } from '../../../src/app/config/load-config.ts';
import { exportEvidence } from '../../../src/app/evidence/export-evidence.ts';
import { verifyArchive } from '../../../src/app/evidence/verify-archive.ts';
import { openLedgerKeys } from '../../../src/app/ledger/start-ledger.ts';
import type { Trust } from '../../../src/app/ledger/verify-ledger.ts';
import { openStore } from '../../../src/app/open-store.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { Fault } from '../../../src/base/fault.ts';
import { createChaperone } from '../../../src/index.ts';

/*
 * What decisions were made from again has personal data in it that is hashed everywhere else. An archive leaves it out and
 * verifies all the same; with it, it is held against what was recorded, as everything is.
 */

const PERSONAL = ['ada.lovelace@outside.test', '4111 1111 1111 1111', '+44 20 7946 0958'];
const said = PERSONAL.join(' and ');

let folder: string;
let loaded: LoadedConfig;
let trust: Trust;
let runId: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-inputs-'));
  await writeFile(
    join(folder, 'chaperone.yaml'),
    `version: 1
data: data
ledger: { origin: inputs.example/log }
tools: { app/send: { effect: write, consequence: medium } }
agents: { support: { tools: { app/read: {}, app/send: { approval: required } } } }
`,
  );
  loaded = await loadConfig(join(folder, 'chaperone.yaml'), { hostServers: ['app'] });
  const chaperone = await createChaperone({ config: join(folder, 'chaperone.yaml'), notify: () => {} });
  const run = await chaperone.startRun({ agent: 'support', user: { id: 'ana' }, prompt: `Write to ${said}.` });
  runId = run.id;
  await run.guard({
    read: {
      description: 'Reads a note.',
      inputSchema: z.object({ query: z.string() }),
      execute: async () => ({ note: said }),
    },
    send: {
      description: 'Sends a mail.',
      inputSchema: z.object({ to: z.string(), body: z.string() }),
      execute: async () => 'sent',
    },
  });
  await run.call('app/read', { query: said });
  await run.call('app/send', { to: PERSONAL[0], body: said });
  await run.call('app/none', { to: said });
  await run.end();
  await chaperone.close();
  trust = { keys: await (await openLedgerKeys(loaded, systemClock)).keys(), witnesses: [], quorum: 0 };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const write = async (name: string, withInputs?: boolean) => {
  const out = join(folder, name);
  const scope = { kind: 'run' as const, runId };
  const contents = await exportEvidence({ loaded, scope, out, clock: systemClock, ...(withInputs && { withInputs }) });
  return { out, contents };
};

const inClear = async (path: string) => {
  const text = await readFile(path, 'utf8');
  return PERSONAL.filter((value) => text.includes(value));
};

describe('an archive', () => {
  it('leaves out what decisions were made from, shows everything else, and verifies', async () => {
    const { out, contents } = await write('without.tar');
    expect(await inClear(out)).toEqual([]);
    const verified = await verifyArchive(out, trust);
    expect(contents.heldBack).toBeGreaterThanOrEqual(3);
    expect(verified.opened, 'and every event is opened').toBe(contents.events);
    const events = execFileSync('tar', ['-xOf', out, 'events.ndjson'], { encoding: 'utf8' });
    expect(events).toMatch(/\[personal email-address 25 #[0-9a-f]{12}\]/);
    const approvals = execFileSync('tar', ['-xOf', out, 'approvals.json'], { encoding: 'utf8' });
    expect(JSON.parse(approvals)).toMatchObject([
      { arguments: { to: expect.stringMatching(/^\[personal email-address/) }, facts: { user: 'ana' } },
    ]);
  });

  it('has it where it was asked for, and the record says that it was', async () => {
    const { out, contents } = await write('with.tar', true);
    expect(await inClear(out)).toEqual(PERSONAL);
    expect(contents.heldBack).toBe(0);
    expect((await verifyArchive(out, trust)).opened).toBe(contents.events);
    const store = await openStore(join(folder, 'data'), systemClock);
    const reads = await store.readEvents({ tenant: 'default', kinds: ['record.read'], limit: 100 });
    await store.close();
    const what = reads.map(({ body }) => body['what']);
    expect(what).toContain(`evidence of run ${runId}`);
    expect(what).toContain(`evidence of run ${runId}, with what decisions were made from`);
  });
});

/** The archive once more, with other events in it. Nobody can sign it again. */
async function forge(source: string, change: (lines: string[]) => readonly string[]): Promise<string> {
  const inside = await mkdtemp(join(tmpdir(), 'chaperone-forged-'));
  execFileSync('tar', ['-xf', source, '-C', inside]);
  const lines = (await readFile(join(inside, 'events.ndjson'), 'utf8')).split('\n').filter(Boolean);
  await writeFile(
    join(inside, 'events.ndjson'),
    change(lines)
      .map((line) => `${line}\n`)
      .join(''),
  );
  const forged = join(folder, 'forged.tar');
  const names = execFileSync('tar', ['-tf', source], { encoding: 'utf8' }).split('\n').filter(Boolean);
  execFileSync('tar', ['--format=ustar', '-cf', forged, '-C', inside, ...names]);
  await rm(inside, { recursive: true });
  return forged;
}

async function findWrong(path: string): Promise<string | undefined> {
  try {
    await verifyArchive(path, trust);
    return undefined;
  } catch (error) {
    if (error instanceof Fault && error.code === 'E_EVIDENCE') return error.message;
    throw error;
  }
}

type Line = { event: { seq: number; agent?: string; body: { sealed: string } }; proof: string[] } & {
  opened: { text: string };
  exact?: { text: string };
};

/** Another character in the place of one in the middle. */
const bend = (text: string) => {
  const at = Math.floor(text.length / 2);
  return `${text.slice(0, at)}${text[at] === 'x' ? 'y' : 'x'}${text.slice(at + 1)}`;
};

describe('an event of an archive', () => {
  const changes: readonly (readonly [string, (line: Line) => unknown, string])[] = [
    ['who', (line) => (line.event.agent = 'other'), 'is not the one in the log'],
    ['what was sealed', (line) => (line.event.body.sealed = bend(line.event.body.sealed)), 'is not the one in the log'],
    ['its proof', (line) => line.proof.reverse(), 'is not the one in the log'],
    ['what is shown', (line) => (line.opened.text = bend(line.opened.text)), 'does not say what is shown of it'],
  ];

  it.each(changes)('of which %s was changed is named', async (what, change, says) => {
    const { out } = await write(`${what.replaceAll(' ', '-')}.tar`, true);
    for (const at of [0, 2, 4]) {
      let seq = 0;
      const forged = await forge(out, (lines) =>
        lines.map((text, number) => {
          if (number !== at) return text;
          const line = JSON.parse(text) as Line;
          seq = line.event.seq;
          change(line);
          return JSON.stringify(line);
        }),
      );
      expect(await findWrong(forged)).toBe(`event ${seq}, on line ${at + 1} of events.ndjson, ${says}`);
    }
  });

  it('of which what it was decided from was changed is named', async () => {
    const { out } = await write('exact.tar', true);
    const seqs: number[] = [];
    const forged = await forge(out, (lines) =>
      lines.map((text) => {
        const line = JSON.parse(text) as Line;
        if (line.exact === undefined) return text;
        seqs.push(line.event.seq);
        line.exact.text = bend(line.exact.text);
        return JSON.stringify(line);
      }),
    );
    expect(seqs.length).toBeGreaterThanOrEqual(3);
    expect(await findWrong(forged)).toMatch(
      new RegExp(`^event ${seqs[0]}, on line \\d+ of events.ndjson, was not decided from what is shown of that$`),
    );
  });

  it('that was left out, moved or cut off is named by the place', async () => {
    const { out } = await write('order.tar');
    const seqOf = (text: string | undefined) => (JSON.parse(text ?? '') as Line).event.seq;
    let seqs: readonly number[] = [];
    const dropped = await forge(out, (lines) => {
      seqs = lines.map(seqOf);
      return lines.filter((__, at) => at !== 2);
    });
    const [zero, one, two, three] = seqs;
    expect(await findWrong(dropped)).toBe(
      `event ${three}, on line 3 of events.ndjson, came after event ${two} when it was signed, not after event ${one}`,
    );
    const moved = await forge(out, ([a = '', b = '', c = '', ...rest]) => [a, c, b, ...rest]);
    expect(await findWrong(moved)).toBe(
      `event ${two}, on line 2 of events.ndjson, came after event ${one} when it was signed, not after event ${zero}`,
    );
    const cut = await forge(out, (lines) => lines.slice(0, -1));
    expect(await findWrong(cut)).toMatch(/^events.ndjson has \d+ events; \d+ were signed$/);
    const odd = await forge(out, ([first = '', ...rest]) => [first, '{"event":', ...rest]);
    expect(await findWrong(odd)).toBe('line 2 of events.ndjson is not JSON');
  });
});
