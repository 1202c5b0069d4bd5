import { describe, expect, it } from 'vitest';
import { compileHostRule, readUrl } from './read-url.ts';

describe('readUrl', () => {
  it.each([
    ['https://example.com', 'example.com'],
    ['HTTPS://EXAMPLE.COM./x', 'example.com'],
    ['https://exämple.com/', 'xn--exmple-cua.com'],
    ['https://ｅxample.com/', 'example.com'],
    ['http://2130706433/', '127.0.0.1'],
    ['http://0x7f.1/', '127.0.0.1'],
    ['http://0177.0.0.1/', '127.0.0.1'],
    ['http://127.1/', '127.0.0.1'],
    ['http://[::FFFF:127.0.0.1]/', '[::ffff:7f00:1]'],
    ['https://example.com/?to=a@b.c#@evil.example', 'example.com'],
  ])('reads the host of %s', (text, host) => {
    expect(readUrl(text)).toMatchObject({ ok: true, host });
  });

  it.each([
    [''],
    ['example.com/x'],
    ['/x'],
    ['https://ok.example@evil.example/'],
    ['https://ok.example:pw@evil.example/'],
    ['https://@evil.example/'],
    ['https://ok.example\\@evil.example/'],
    ['https:\\\\evil.example'],
    ['https:evil.example'],
    ['https:///evil.example'],
    ['https://ok.example/\nhttps://evil.example'],
    [' https://ok.example/'],
    ['https://ok.example/\t'],
    ['https://ok%2eexample/'],
    ['https://ok.example\u200b/'],
    ['javascript:alert(1)'],
    ['file:///etc/passwd'],
    ['data:text/html,x'],
    ['ssh://0x7f.1/'],
    ['https://a..b../'],
  ])('refuses %j', (text) => {
    expect(readUrl(text)).toEqual({ ok: false, message: expect.any(String) });
  });
});

describe('compileHostRule', () => {
  it.each([
    ['example.com', 'https://example.com/', true],
    ['Example.com.', 'https://example.com/', true],
    ['example.com', 'https://a.example.com/', false],
    ['example.com', 'https://example.com.evil.example/', false],
    ['*.example.com', 'https://a.b.example.com/', true],
    ['*.example.com', 'https://example.com/', false],
    ['*.example.com', 'https://evilexample.com/', false],
    ['exämple.com', 'https://xn--exmple-cua.com/', true],
    ['127.0.0.1', 'http://0x7f000001/', true],
    ['[::1]', 'http://[0:0:0:0:0:0:0:1]/', true],
    ['example.com:8443', 'https://example.com:8443/', true],
    ['example.com:443', 'https://example.com/', true],
    ['example.com:8443', 'https://example.com/', false],
    ['*', 'https://anything.example/', true],
    ['*', 'https://a@b/', false],
  ])('`%s` and %s: %s', (rule, url, matches) => {
    expect(compileHostRule(rule)?.isMatch(readUrl(url))).toBe(matches);
  });

  it.each([['https://a/'], ['a/b'], ['a b'], ['*.'], ['a.*'], ['*.10.0.0.1'], ['']])('refuses the rule %j', (rule) => {
    expect(compileHostRule(rule)).toBeUndefined();
  });
});
