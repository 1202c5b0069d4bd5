import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exposeNames } from './exposed-names.ts';

const names = (...all: [server: string, name: string][]) => {
  const table = exposeNames(all.map(([server, name]) => ({ server, name })));
  return table.entries.map(([exposed]) => exposed);
};

describe('exposeNames', () => {
  it.each([
    [
      'one server keeps its names',
      [
        ['a', 'x'],
        ['a', 'a_x'],
      ],
      ['x', 'a_x'],
    ],
    [
      'names that do not collide stay',
      [
        ['a', 'x'],
        ['b', 'y'],
      ],
      ['x', 'y'],
    ],
    [
      'names that collide are qualified, all of them',
      [
        ['a', 'x'],
        ['b', 'x'],
        ['b', 'y'],
      ],
      ['a_x', 'b_x', 'y'],
    ],
  ] as const)('%s', (_, all, expected) => {
    expect(names(...all.map(([server, name]) => [server, name] as [string, string]))).toEqual(expected);
  });

  it('gives a name that is taken by a qualified one a digest', () => {
    const [first, second, third] = names(['a', 'x'], ['b', 'x'], ['c', 'a_x']);
    expect(first).toMatch(/^a_x_[0-9a-f]{8}$/);
    expect([second, third]).toEqual(['b_x', 'a_x']);
  });

  it('leads a bare name that several servers offer nowhere', () => {
    const table = exposeNames([
      { server: 'a', name: 'x' },
      { server: 'b', name: 'x' },
    ]);
    expect(table.find('x')).toBeUndefined();
    expect(table.find('b_x')).toEqual({ server: 'b', name: 'x' });
  });

  it('understands the qualified name while the bare one is exposed', () => {
    expect(exposeNames([{ server: 'a', name: 'x' }]).find('a_x')).toEqual({ server: 'a', name: 'x' });
  });

  it('exposes every entry under one name of its own, within the rules', () => {
    const entry = fc.record({
      server: fc.constantFrom('a', 'b', 'a_b'),
      name: fc.oneof(fc.constantFrom('x', 'b_x', 'a_x', 'b', 'x y', 'é'), fc.string({ minLength: 1, maxLength: 90 })),
    });
    const all = fc.uniqueArray(entry, { selector: ({ server, name }) => `${server}/${name}`, maxLength: 12 });
    fc.assert(
      fc.property(all, (entries) => {
        const table = exposeNames(entries);
        const exposed = table.entries.map(([name]) => name);
        expect(new Set(exposed).size).toBe(entries.length);
        for (const [name, found] of table.entries) {
          expect(name).toMatch(/^[A-Za-z0-9_.-]{1,64}$/);
          expect(table.find(name)).toBe(found);
        }
      }),
    );
  });
});
