import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { verifyEvents } from '../../../src/adapters/stores/sqlite/verify-events.ts';
import { openStore } from '../../../src/app/open-store.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { newFolder } from './new-folder.ts';

const program = fileURLToPath(new URL('./erase-until-killed.ts', import.meta.url));
const ROUNDS = 8;
const TENANT = 'acme';

/** Runs the program, kills it a while after its first erasure, and answers with what it had said. */
async function eraseUntilKilled(folder: string, afterMs: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said: string[] = [];
  const lines = createInterface({ input: child.stdout });
  const first = new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      said.push(line);
      if (line.startsWith('erased')) resolve();
    });
  });
  const ended = Promise.all([once(child, 'exit'), once(lines, 'close')]);
  await Promise.race([first, ended]);
  await sleep(afterMs);
  child.kill('SIGKILL');
  await ended;
  return said;
}

it('an erasure that was acknowledged is one, and nothing else is lost, whenever the process dies', async () => {
  const folder = await newFolder();
  try {
    const said: string[] = [];
    for (let round = 0; round < ROUNDS; round++) said.push(...(await eraseUntilKilled(folder.path, (round * 37) % 90)));
    const named = (word: string) => said.filter((line) => line.startsWith(`${word} `)).map((line) => line.split(' '));
    const erased = new Set(named('erased').map(([, id = '']) => id));
    const begun = new Set(named('erasing').map(([, id = '']) => id));
    expect(erased.size).toBeGreaterThanOrEqual(ROUNDS);

    const store = await openStore(folder.path, systemClock);
    for (const [, id = ''] of named('kept')) {
      const [event] = await store.readEvents({ tenant: TENANT, runId: id, limit: 1 });
      const shown = { erased: event?.erased ?? false, body: event?.body };
      const whole = { erased: false, body: { text: `said by ${id}` } };
      if (erased.has(id)) expect(shown).toEqual({ erased: true, body: {} });
      else if (!begun.has(id)) expect(shown).toEqual(whole);
      else expect([{ erased: true, body: {} }, whole], 'all of it or nothing').toContainEqual(shown);
    }
    const recorded = await store.readEvents({ tenant: TENANT, kinds: ['record.erased'], limit: 1_000 });
    expect(recorded.length).toBeGreaterThanOrEqual(erased.size);
    await store.close();
    const { checked, lastSeq, problem } = await verifyEvents({ path: join(folder.path, 'store.db') });
    expect({ checked, problem }, 'every digest is what it was').toEqual({ checked: lastSeq, problem: undefined });
    const entries = await readdir(folder.path, { withFileTypes: true });
    const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
    const files = Buffer.concat(await Promise.all(names.map((name) => readFile(join(folder.path, name)))));
    for (const [, id = '', wrapped = ''] of named('kept')) {
      if (erased.has(id)) expect(files.includes(wrapped), `the key of ${id} is left in the files`).toBe(false);
    }
  } finally {
    await folder.remove();
  }
}, 120_000);
