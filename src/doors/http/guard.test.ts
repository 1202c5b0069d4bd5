import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../base/errors.ts';
import { createGuard, isLoopbackAddress } from './guard.ts';
import type { RequestHead } from './head.ts';
import { RequestRefused } from './refuse.ts';

const guard = createGuard({ names: ['Gateway.example'], origins: ['https://console.example'] });

function headOf(
  headers: Readonly<Record<string, string>>,
  target = '/v1/tools',
  rawHeaders: string[] = [],
): RequestHead {
  return {
    method: 'GET',
    target,
    header: (name) => headers[name],
    secure: false,
    remoteAddress: '127.0.0.1',
    rawHeaders,
  };
}
function outcome(head: RequestHead): ErrorCode | 'passes' {
  try {
    guard(head);
    return 'passes';
  } catch (error) {
    if (error instanceof RequestRefused) return error.code;
    throw error;
  }
}

describe('the Host header', () => {
  it.each([
    ['localhost', 'passes'],
    ['localhost:7070', 'passes'],
    ['LOCALHOST:7070', 'passes'],
    ['localhost.', 'passes'],
    ['127.0.0.1:1', 'passes'],
    ['[::1]:7070', 'passes'],
    ['gateway.example', 'passes'],
    ['GATEWAY.example.:443', 'passes'],
    ['evil.example', 'E_ORIGIN'],
    ['localhost.evil.example', 'E_ORIGIN'],
    ['evil.example:7070', 'E_ORIGIN'],
    ['localhost@evil.example', 'E_ORIGIN'],
    ['localhost:7070@evil.example', 'E_ORIGIN'],
    ['localhost, evil.example', 'E_ORIGIN'],
    ['localhost:99999999', 'E_ORIGIN'],
    ['127.0.0.2', 'E_ORIGIN'],
    ['[::ffff:127.0.0.1]', 'E_ORIGIN'],
    ['', 'E_REQUEST_INVALID'],
    [' ', 'E_ORIGIN'],
  ])('%j: %s', (host, expected) => {
    expect(outcome(headOf({ host }))).toBe(expected);
  });

  it('is needed', () => {
    expect(outcome(headOf({}))).toBe('E_REQUEST_INVALID');
  });

  it('may be any for probes, and for nothing that only looks like one', () => {
    expect(outcome(headOf({ host: '10.0.0.7' }, '/healthz'))).toBe('passes');
    expect(outcome(headOf({ host: '10.0.0.7' }, '/readyz?verbose'))).toBe('passes');
    expect(outcome(headOf({ host: '10.0.0.7' }, '/healthz/../v1/tools'))).toBe('E_ORIGIN');
  });
});

describe('the Origin header', () => {
  it.each([
    ['https://console.example', 'passes'],
    ['HTTPS://CONSOLE.EXAMPLE', 'passes'],
    ['http://localhost:7070', 'passes'], // the gateway's own pages
    ['http://localhost:8080', 'E_ORIGIN'],
    ['https://localhost:7070', 'E_ORIGIN'],
    ['http://console.example', 'E_ORIGIN'],
    ['https://console.example:444', 'E_ORIGIN'],
    ['https://console.example.evil.test', 'E_ORIGIN'],
    ['https://evil.example', 'E_ORIGIN'],
    ['null', 'E_ORIGIN'],
    ['', 'E_ORIGIN'],
    ['*', 'E_ORIGIN'],
  ])('%j: %s', (origin, expected) => {
    expect(outcome(headOf({ host: 'localhost:7070', origin }))).toBe(expected);
  });
});

describe('the address', () => {
  it.each([
    ['/v1/tools', 'passes'],
    ['/v1/events?after=1', 'passes'],
    ['/v1/events?tokens=1', 'passes'],
    ['/mcp?access_token=abc', 'E_REQUEST_INVALID'],
    ['/mcp?a=1&access_token=abc', 'E_REQUEST_INVALID'],
    ['/mcp?ACCESS_TOKEN=abc', 'E_REQUEST_INVALID'],
    ['/mcp?access%5Ftoken=abc', 'E_REQUEST_INVALID'],
    ['/mcp?token', 'E_REQUEST_INVALID'],
    ['http://localhost/v1/tools', 'E_REQUEST_INVALID'],
    ['*', 'E_REQUEST_INVALID'],
    ['', 'E_REQUEST_INVALID'],
  ])('%j: %s', (target, expected) => {
    expect(outcome(headOf({ host: 'localhost' }, target))).toBe(expected);
  });
});

describe('the headers as they were sent', () => {
  it('hold those that decide once', () => {
    for (const name of ['Host', 'authorization', 'ORIGIN', 'Content-Type']) {
      expect(outcome(headOf({ host: 'localhost' }, '/', [name, 'a', 'x', 'y', name.toLowerCase(), 'a']))).toBe(
        'E_REQUEST_INVALID',
      );
    }
    expect(outcome(headOf({ host: 'localhost' }, '/', ['x', '1', 'x', '2']))).toBe('passes');
  });

  it('are at most a hundred', () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => [`x-${i}`, '1']).flat();
    expect(outcome(headOf({ host: 'localhost' }, '/', many(100)))).toBe('passes');
    expect(outcome(headOf({ host: 'localhost' }, '/', many(101)))).toBe('E_LIMIT');
  });
});

describe('an address of this machine', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.8.9.10', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['0.0.0.0', false],
    ['::', false],
    ['10.0.0.1', false],
    ['127.0.0.1.evil.example', false],
    ['::ffff:10.0.0.1', false],
    [undefined, false],
  ])('%s: %s', (address, expected) => {
    expect(isLoopbackAddress(address)).toBe(expected);
  });
});
