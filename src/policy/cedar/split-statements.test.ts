import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitStatements } from './split-statements.ts';

const textsOf = (text: string) => splitStatements(text).map((statement) => statement.text);

describe('splitStatements', () => {
  it.each([
    ['', []],
    [' \n\t// a; b', []],
    ['a;b;', ['a;', 'b;']],
    ['a', ['a']],
    ['a; // x;\n b ;', ['a;', 'b ;']],
    ['"a;b" ; c;', ['"a;b" ;', 'c;']],
    ['"a\\";b"; c;', ['"a\\";b";', 'c;']],
    ['"a\\\\"; c;', ['"a\\\\";', 'c;']],
    ['"// no comment"; c;', ['"// no comment";', 'c;']],
    ['a // "\n; b;', ['a // "\n;', 'b;']],
    ['"open; c;', ['"open; c;']],
    [';;', [';', ';']],
  ])('%j', (text, expected) => {
    expect(textsOf(text)).toEqual(expected);
  });

  it('leaves out nothing but white space and comments, in order', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', ';', '"', '\\', '/', '\n', ' ', '(', ')', 'é', '😀') }),
        (text) => {
          let at = 0;
          for (const { text: statement, start } of splitStatements(text)) {
            expect(text.slice(start, start + statement.length)).toBe(statement);
            expect(text.slice(at, start)).toMatch(/^(\s|\/\/[^\n\r]*)*$/);
            at = start + statement.length;
          }
          expect(text.slice(at)).toMatch(/^(\s|\/\/[^\n\r]*)*$/);
        },
      ),
    );
  });
});
