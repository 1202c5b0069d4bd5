import { describe, expect, it } from 'vitest';
import { matchesTemplate } from './match-template.ts';

describe('matchesTemplate', () => {
  it.each([
    ['test://a/{id}/data', 'test://a/123/data', true],
    ['test://a/{id}/data', 'test://a//data', true],
    ['test://a/{id}/data', 'test://a/123/other', false],
    ['test://a/{id}/data', 'test://a/data', false],
    ['{+path}', 'anything', true],
    ['a{x}b{y}c', 'a1b2c', true],
    ['a{x}b{y}c', 'abc', true],
    ['a{x}bb{y}b', 'abb', false],
    ['plain', 'plain', true],
    ['plain', 'plain2', false],
  ])('%s and %s: %s', (template, uri, expected) => {
    expect(matchesTemplate(template, uri)).toBe(expected);
  });
});
