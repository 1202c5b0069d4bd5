import { describe, expect, it } from 'vitest';
import { readMessage } from './json-rpc.ts';

const rpc = (members: object) => ({ jsonrpc: '2.0', ...members });

describe('readMessage', () => {
  it.each([
    [rpc({ id: 1, method: 'a' })],
    [rpc({ id: 'x', method: 'a', params: { b: 1 } })],
    [rpc({ method: 'a', params: {} })],
    [rpc({ id: 1, result: {} })],
    [rpc({ id: 1, error: { code: -1, message: 'no', data: [1] } })],
    [rpc({ id: null, error: { code: -1, message: 'no' } })],
  ])('takes %j', (value) => {
    expect(readMessage(value)).toEqual(value);
  });

  it.each([
    [null],
    ['text'],
    [[]],
    [{ id: 1, method: 'a' }],
    [rpc({})],
    [rpc({ id: {}, method: 'a' })],
    [rpc({ id: null, method: 'a' })],
    [rpc({ id: 1.5, method: 'a' })],
    [rpc({ id: 2 ** 53, result: {} })],
    [rpc({ id: 1, method: 7 })],
    [rpc({ id: 1, method: 'a', params: [1] })],
    [rpc({ id: 1, result: 'x' })],
    [rpc({ result: {} })],
    [rpc({ id: 1, error: { message: 'no' } })],
    [rpc({ id: 1, error: { code: 1.5, message: 'no' } })],
    [rpc({ id: [], error: { code: 1, message: 'no' } })],
  ])('refuses %j', (value) => {
    expect(readMessage(value)).toBeUndefined();
  });

  it('leaves out what is no part of a message', () => {
    expect(readMessage(rpc({ id: 1, method: 'a', extra: true }))).toEqual(rpc({ id: 1, method: 'a' }));
  });
});
