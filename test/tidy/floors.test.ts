import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listImports, readSourceFiles } from './source-files.ts';

/** The floors, derived here a second time: `.dependency-cruiser.mjs` holds the same rules in its own way. */
const FLOOR: Readonly<Record<string, number>> = {
  base: 0,
  model: 1,
  policy: 2,
  flow: 2,
  scan: 2,
  ledger: 2,
  behaviour: 2,
  ports: 3,
  contract: 3,
  runtime: 4,
  adapters: 5,
  doors: 5,
  app: 6,
  cli: 7,
};
const PURE = new Set(['model', 'policy', 'flow', 'scan', 'ledger', 'behaviour', 'ports', 'contract']);

const files = readSourceFiles('src');
const roomOf = (path: string) => path.split('/')[1] ?? '';
const familyOf = (path: string) => path.split('/').slice(1, 3).join('/');

describe('floors', () => {
  it('looks at the whole house', () => {
    expect(files.length).toBeGreaterThan(50);
    const rooms = new Set(files.map((file) => roomOf(file.path)).filter((room) => !room.endsWith('.ts')));
    for (const room of rooms) expect(FLOOR, `the room src/${room} stands on no floor`).toHaveProperty(room);
  });

  it('imports go down, never sideways or up, types included', () => {
    const wrong: string[] = [];
    for (const file of files) {
      const room = roomOf(file.path);
      if (room === 'index.ts' || room === 'wasm.ts') continue; // the package's own doors
      for (const specifier of listImports(file.text).filter((name) => name.startsWith('.'))) {
        const target = posix.join(posix.dirname(file.path), specifier);
        const other = roomOf(target);
        const down = (FLOOR[other] ?? 99) < (FLOOR[room] ?? -1);
        const sameFamily = room === other && (FLOOR[room] !== 5 || familyOf(file.path) === familyOf(target));
        if (!down && !sameFamily) wrong.push(`${file.path} imports ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('the pure rooms import no Node built-in', () => {
    const wrong = files
      .filter((file) => PURE.has(roomOf(file.path)) && !file.path.endsWith('.test.ts'))
      .flatMap((file) =>
        listImports(file.text)
          .filter((name) => name.startsWith('node:'))
          .map((name) => `${file.path} imports ${name}`),
      );
    expect(wrong).toEqual([]);
  });
});
