import { describe, expect, it } from 'vitest';
import { readVocabulary, splitPieces } from './wordpiece.ts';

const names = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'un', '##fold', '##ed', 'cafe', 'CAFE', ',', 'a'];
const vocabulary = readVocabulary(names.join('\n'), true);
const split = (text: string, of = vocabulary) =>
  splitPieces(text, of).map(({ id, start, end }) => `${names[id]} ${text.slice(start, end)}`);

describe('splitPieces', () => {
  it.each<[string, string[]]>([
    ['unfolded', ['un un', '##fold fold', '##ed ed']],
    ['Unfolded, a', ['un Un', '##fold fold', '##ed ed', ', ,', 'a a']],
    ['unknown', ['[UNK] unknown']],
    // an accent is a sign of its own until it is taken off, so offsets fall back to the word
    ['cafe\u0301', ['cafe cafe\u0301']],
    ['café', ['cafe café']],
    [`un${'fold'.repeat(40)}`, [`[UNK] un${'fold'.repeat(40)}`]],
    ['', []],
  ])('of %s', (text, expected) => expect(split(text)).toEqual(expected));

  it('keeps capitals where the vocabulary has them', () => {
    expect(split('CAFE cafe', readVocabulary(names.join('\n'), false))).toEqual(['CAFE CAFE', 'cafe cafe']);
  });

  it('takes a vocabulary with all that a model needs only', () => {
    expect(() => readVocabulary('[PAD]\n[UNK]\n[CLS]', true)).toThrow('`[SEP]`');
  });
});
