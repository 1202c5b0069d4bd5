import fc from 'fast-check';
import { parse } from 'jsonc-parser';
import { describe, expect, it } from 'vitest';
import { editJson } from './edit-json.ts';

const edits = [
  { path: ['servers', 'a'], value: undefined },
  { path: ['servers', 'chaperone'], value: { command: 'c' } },
] as const;

describe('editJson', () => {
  it.each([
    [
      'comments, tabs and a trailing comma',
      '{\n\t// mine\n\t"servers": {\n\t\t"a": { "command": "x" }, // first\n\t\t/* kept */ "b":   {},\n\t},\n\t"other": [1,2],\n}\n',
      '{\n\t// mine\n\t"servers": {\n\t\t/* kept */ "b":   {},\n\t\t"chaperone": {\n\t\t\t"command": "c"\n\t\t},\n\t},\n\t"other": [1,2],\n}\n',
    ],
    [
      'the comment of what follows and of what is last',
      '{\n  "servers": {\n    // about a\n    "a": {\n      "x": 1\n    },\n    // about b\n    "b": {} // last\n  }\n}\n',
      '{\n  "servers": {\n    // about a\n    // about b\n    "b": {}, // last\n    "chaperone": {\n      "command": "c"\n    }\n  }\n}\n',
    ],
    [
      'four blanks and Windows line ends',
      '{\r\n    "servers": {\r\n        "a": {}\r\n    }\r\n}\r\n',
      '{\r\n    "servers": {\r\n        "chaperone": {\r\n            "command": "c"\r\n        }\r\n    }\r\n}\r\n',
    ],
    [
      'one line, and a byte order mark',
      '\uFEFF{"servers":{"a":1},"z":[]}',
      '\uFEFF{"servers":{"chaperone": {"command":"c"}},"z":[]}',
    ],
    ['one line with others', '{"servers":{"b":1,"a":1}}', '{"servers":{"b":1, "chaperone": {"command":"c"}}}'],
    [
      'an object on one line of many',
      '{\n  "servers": { "a": {}, "b": {} }\n}\n',
      '{\n  "servers": { "b": {},\n    "chaperone": {\n      "command": "c"\n    }\n  }\n}\n',
    ],
  ])('keeps %s', (_, before, after) => {
    expect(editJson(before, edits)).toBe(after);
  });

  it('replaces a value where it stands', () => {
    const text = '{\n  "servers": {\n    "chaperone": { "old": 1 }, // the gateway\n    "b": {}\n  }\n}\n';
    expect(editJson(text, edits)).toBe(
      '{\n  "servers": {\n    "chaperone": {\n      "command": "c"\n    }, // the gateway\n    "b": {}\n  }\n}\n',
    );
  });

  it('comes to what was meant, whatever is removed and however the file is written', () => {
    const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'chaperone'), { maxLength: 5 });
    const gap = fc.constantFrom('', ' ', '\n', '\n  // note\n', ' /* , */ ', ' // "a"\n\t');
    fc.assert(
      fc.property(
        names,
        fc.array(gap, { minLength: 24, maxLength: 24 }),
        fc.boolean(),
        names,
        (present, gaps, comma, removed) => {
          let at = 0;
          const next = () => gaps[at++ % gaps.length] ?? '';
          const members = present.map((name) => `${next()}"${name}"${next()}:${next()}{"n":1}${next()}`);
          const end = comma && members.length > 0 ? `,${next()}` : '';
          const text = `{${next()}"servers":${next()}{${members.join(',')}${end}}${next()}}`;
          const after = editJson(text, [
            ...removed.map((name) => ({ path: ['servers', name], value: undefined })),
            ...edits,
          ]);
          const kept = present.filter((name) => !removed.includes(name) && name !== 'a' && name !== 'chaperone');
          const problems: unknown[] = [];
          expect(parse(after, problems as never[], { allowTrailingComma: true })).toEqual({
            servers: { ...Object.fromEntries(kept.map((name) => [name, { n: 1 }])), chaperone: { command: 'c' } },
          });
          expect(problems).toEqual([]);
          if (!comma) expect(after).not.toMatch(/,\s*[}\]]/); // strict readers stay able to read it
        },
      ),
      { numRuns: 500 },
    );
  });
});
