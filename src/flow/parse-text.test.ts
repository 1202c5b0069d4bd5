import { describe, expect, it } from 'vitest';
import { parseText } from './parse-text.ts';

describe('parseText', () => {
  it.each<[string, string, unknown]>([
    ['JSON', '[{"id": 1}]', [{ id: 1 }]],
    ['a printed dictionary', "{'message': 'sent'}", { message: 'sent' }],
    [
      'YAML',
      '- id: 1\n  title: Lunch\n- id: 2\n  title: Dinner\n',
      [
        { id: 1, title: 'Lunch' },
        { id: 2, title: 'Dinner' },
      ],
    ],
    [
      'CSV',
      'name,size\na.txt,3\n"b,c.txt",4',
      [
        { name: 'a.txt', size: '3' },
        { name: 'b,c.txt', size: '4' },
      ],
    ],
    ['Markdown', '| name | size |\n| --- | --- |\n| a | 3 |', [{ name: 'a', size: '3' }]],
    [
      'HTML',
      '<table><tr><th>name</th><th>size</th></tr><tr><td><b>a</b></td><td>3</td></tr></table>',
      [{ name: 'a', size: '3' }],
    ],
  ])('reads %s', (_, text, expected) => {
    expect(parseText(text)).toEqual(expected);
  });

  it.each([
    'Dear Dana,\nthe meeting is at noon.',
    'A bill.\n-----\nTotal 98.70',
    '{"__proto__": 1}',
    '&a [*a, *a]',
    'a: 1\na: 2',
    '['.repeat(5_000),
    '<table>'.repeat(20_000),
    '<table><tr '.repeat(20_000),
  ])('takes %.40j for prose', (text) => {
    expect(parseText(text)).toBeUndefined();
  });
});
