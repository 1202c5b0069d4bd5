import { describe, expect, it } from 'vitest';
import { Fault } from '../../base/fault.ts';
import { parsePolicies } from './parse-policies.ts';

function messageOf(text: string, file = 'a.cedar'): string {
  try {
    parsePolicies([{ file, text }]);
  } catch (error) {
    if (error instanceof Fault && error.code === 'E_POLICY_INVALID') return error.message;
    throw error;
  }
  return 'parsed';
}

const ANY = '(principal, action, resource)';

describe('parsePolicies', () => {
  it('gives each policy its id, place, effect, annotations and text', () => {
    const text = `// first; not a statement\npermit${ANY};\r\n\n  @id("stop") @because("é \\"x\\";")\n  forbid${ANY} when { context.a like "//;*" }; // end\n`;
    const parsed = parsePolicies([{ file: 'p/a.cedar', text }]);
    expect(
      parsed.map(({ id, place, effect, annotations, text }) => ({ id, place, effect, annotations, text })),
    ).toEqual([
      {
        id: 'p/a.cedar#1',
        place: { file: 'p/a.cedar', line: 2, column: 1 },
        effect: 'permit',
        annotations: {},
        text: `permit${ANY};`,
      },
      {
        id: 'stop',
        place: { file: 'p/a.cedar', line: 4, column: 3 },
        effect: 'forbid',
        annotations: { id: 'stop', because: 'é "x";' },
        text: `@id("stop") @because("é \\"x\\";")\n  forbid${ANY} when { context.a like "//;*" };`,
      },
    ]);
  });

  it('keeps more than ten policies in order', () => {
    const parsed = parsePolicies([{ file: 'a', text: `permit${ANY};\n`.repeat(12) }]);
    expect(parsed.map((policy) => policy.place.line)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(parsed[11]?.id).toBe('a#12');
  });

  it('parses nothing to nothing', () => {
    expect(parsePolicies([])).toEqual([]);
    expect(parsePolicies([{ file: 'a', text: ' // only talk' }])).toEqual([]);
  });

  it.each([
    [
      'a syntax error',
      `permit${ANY};\n// é😀\npermit${ANY} when {\n  "é😀" == context. };`,
      /^a\.cedar:4:21: unexpected token `}` \(expected identifier\)$/,
    ],
    ['a token Cedar does not have', `permit${ANY} when { é };`, /^a\.cedar:1:44: invalid token$/],
    [
      'a misspelt function',
      `permit${ANY} when { desimal("1.0") == 1 };`,
      /^a\.cedar:1:44: `desimal` is not a valid function \(did you mean `decimal`\?\)$/,
    ],
    ['a missing semicolon', `permit${ANY}`, /^a\.cedar:1:\d+: unexpected end of input/],
    ['an open string', `permit${ANY} when { "x };\npermit${ANY};`, /^a\.cedar:1:44: invalid token/],
    ['a template', 'permit(principal == ?principal, action, resource);', /^a\.cedar:1:21: .*template/],
    [
      'an id used twice',
      `@id("x") permit${ANY};\n@id("x") permit${ANY};`,
      /^a\.cedar:2:1: the id `x` is taken by a\.cedar:1:1$/,
    ],
    [
      'an id that is another policy’s place',
      `@id("a.cedar#2") permit${ANY};\npermit${ANY};`,
      /^a\.cedar:2:1: the id `a\.cedar#2` is taken/,
    ],
    ['words that are no policy', 'allow everything', /^a\.cedar:1:7: /],
    [
      'half a surrogate pair',
      `permit${ANY} when { "\ud800" == "" };`,
      /^a\.cedar: the text holds half of a surrogate pair$/,
    ],
  ])('refuses %s, and says where', (_, text, expected) => {
    expect(messageOf(text)).toMatch(expected);
  });

  it('lists every problem, up to a number', () => {
    const lines = messageOf(Array.from({ length: 13 }, () => 'permit();').join('\n')).split('\n');
    expect(lines).toHaveLength(11);
    expect(lines[9]).toMatch(/^a\.cedar:10:/);
    expect(lines[10]).toBe('and 3 more');
  });

  it('places what was generated where the person wrote it', () => {
    const place = { file: 'chaperone.yaml', line: 12, column: 5 };
    const [policy] = parsePolicies([{ file: 'g', text: `\n\n@id("g1") permit${ANY};`, place }]);
    expect(policy?.place).toEqual(place);
    expect(() => parsePolicies([{ file: 'g', text: '\n permit(;', place }])).toThrow(/^chaperone\.yaml:12:5: /);
  });

  it.each([
    ['brackets', `${'('.repeat(500)}true${')'.repeat(500)}`],
    ['records', `${'{a:'.repeat(500)}1${'}'.repeat(500)} == 1`],
    ['a chain of sums', `${Array(3000).fill('1').join('+')} == 1`],
    ['a chain of members', `context${'.a'.repeat(3000)}`],
    ['a chain of choices', `${'if true then true else '.repeat(3000)} true`],
    ['a very long conjunction', Array(30_000).fill('true').join('&&')],
    ['tests within tests', `${'('.repeat(12)}context${') has a.b'.repeat(12)}`],
    ['chains in brackets', `${`(${'1+'.repeat(40)}`.repeat(12)}1${')'.repeat(12)} == 1`],
  ])('refuses to hand Cedar %s that would exhaust its stack', (_, body) => {
    expect(messageOf(`permit${ANY};\npermit${ANY} when { ${body} };`)).toBe(
      'a.cedar:2:1: the policy is nested too deeply; split it into several',
    );
    expect(messageOf(`permit${ANY};`)).toBe('parsed'); // the engine lives
  });

  it.each([
    ['brackets', `${'('.repeat(50)}true${')'.repeat(50)}`],
    ['a list', `[${Array(5000).fill('"x"').join(',')}].contains("y")`],
    ['a conjunction', Array(500).fill('context.run.attested').join(' && ')],
  ])('accepts what people write: %s', (_, body) => {
    expect(messageOf(`permit${ANY} when { ${body} };`)).toBe('parsed');
  });
});
