import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { addToYaml } from './edit-yaml.ts';

describe('addToYaml', () => {
  it.each([
    ['a new section', '# top\nversion: 1\n', ['servers', 'a'], '# top\nversion: 1\nservers:\n  a:\n    url: u\n'],
    [
      'behind the last entry, before the comment of what follows',
      'servers:\n    old: { url: o } # here\n\n# agents\nagents: {}\n',
      ['servers', 'a'],
      'servers:\n    old: { url: o } # here\n    a:\n      url: u\n\n# agents\nagents: {}\n',
    ],
    [
      'deep, where part of the way exists',
      'agents:\n  x:\n    deny: [a]\n  y: {}\n',
      ['agents', 'x', 'tools', 's/*'],
      'agents:\n  x:\n    deny: [a]\n    tools:\n      s/*:\n        url: u\n  y: {}\n',
    ],
    [
      'after a last line without an end',
      'servers:\n  b:\n    url: o',
      ['servers', 'a'],
      'servers:\n  b:\n    url: o\n  a:\n    url: u\n',
    ],
    ['an empty file', '', ['servers', 'a'], 'servers:\n  a:\n    url: u\n'],
    ['a file of comments', '# only\n', ['servers', 'a'], '# only\nservers:\n  a:\n    url: u\n'],
  ])('adds %s', (_, before, path, after) => {
    expect(addToYaml(before, path, { url: 'u' })).toBe(after);
  });

  it.each([
    ['{}', 'servers: {} # none\nversion: 1\n'],
    ['nothing', 'servers:\nversion: 1\n'],
    ['one line', 'servers: { b: { url: o } }\nversion: 1 # v\n'],
    ['literal text', 'servers:\n  b:\n    url: |\n      o\nversion: 1\n'],
    ['an alias', 'x: &x { url: o }\nservers:\n  b: *x\nversion: 1\n'],
  ])('adds to a mapping written as %s', (_, before) => {
    const after = addToYaml(before, ['servers', 'a'], { url: 'u' });
    const content = parse(before);
    expect(parse(after)).toEqual({ ...content, servers: { ...content.servers, a: { url: 'u' } } });
    for (const comment of before.match(/#.*/g) ?? []) expect(after).toContain(comment);
  });

  it('quotes what has to be quoted', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (name, value) => {
        fc.pre(name !== '__proto__');
        expect(parse(addToYaml('servers:\n  b: 1\n', ['servers', `k${name}`], value))).toEqual({
          servers: { b: 1, [`k${name}`]: value },
        });
      }),
    );
  });
});
