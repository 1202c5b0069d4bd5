import { classifyInboundRequest } from '@modelcontextprotocol/server';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { META, MODERN_VERSION } from './protocol.ts';
import { readInbound } from './read-inbound.ts';

const meta = { [META.version]: MODERN_VERSION, [META.capabilities]: {} };
const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', _meta: meta } };
const right = { 'mcp-protocol-version': MODERN_VERSION, 'mcp-method': 'tools/call', 'mcp-name': 'echo' };
const read = (body: unknown, headers: Record<string, string>) => readInbound(body, new Headers(headers));
const without = (name: string) => Object.fromEntries(Object.entries(right).filter(([key]) => key !== name));

describe('readInbound', () => {
  it('takes a modern request whose headers say what its body says', () => {
    expect(read(call, right)).toMatchObject({ kind: 'modern', meta });
    expect(read(call, { ...right, 'mcp-name': '=?base64?ZWNobw==?=' })).toMatchObject({ kind: 'modern' });
  });

  it.each([
    ['no version header', call, without('mcp-protocol-version'), 400, -32_020],
    ['no method header', call, without('mcp-method'), 400, -32_020],
    ['no name header', call, without('mcp-name'), 400, -32_020],
    ['another name', call, { ...right, 'mcp-name': 'other' }, 400, -32_020],
    ['a badly wrapped name', call, { ...right, 'mcp-name': '=?base64?ZWNobw?=' }, 400, -32_020],
    ['another method', call, { ...right, 'mcp-method': 'tools/list' }, 400, -32_020],
    ['no _meta', { ...call, params: { name: 'echo' } }, right, 400, -32_602],
    [
      'no capabilities',
      { ...call, params: { name: 'echo', _meta: { [META.version]: MODERN_VERSION } } },
      right,
      400,
      -32_602,
    ],
    [
      'an unknown version',
      { ...call, params: { name: 'echo', _meta: { ...meta, [META.version]: 'v9' } } },
      { ...right, 'mcp-protocol-version': 'v9' },
      400,
      -32_022,
    ],
    ['no message', 7, right, 400, -32_600],
    ['an id that is no whole number', { ...call, id: 1.5 }, right, 400, -32_600],
    ['a batch', [call], right, 400, -32_600],
  ])('rejects %s', (_, body, headers, status, code) => {
    expect(read(body, headers)).toMatchObject({ kind: 'rejected', status, error: { code } });
  });

  it.each([
    ['initialize', { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25' } }, {}],
    [
      'a request without an envelope',
      { jsonrpc: '2.0', id: 1, method: 'tools/list' },
      { 'mcp-protocol-version': '2025-11-25' },
    ],
    ['a response', { jsonrpc: '2.0', id: 1, result: {} }, {}],
    ['a notification', { jsonrpc: '2.0', method: 'notifications/initialized' }, {}],
  ])('knows %s for legacy', (_, body, headers) => {
    expect(read(body, headers).kind).toBe('legacy');
  });

  it('never calls modern what the official classifier does not', () => {
    const value = fc.oneof(fc.constant(MODERN_VERSION), fc.constant('2025-11-25'), fc.jsonValue());
    const someMeta = fc.record(
      {
        [META.version]: value,
        [META.capabilities]: fc.oneof(fc.constant({}), fc.jsonValue()),
        [META.clientInfo]: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    const body = fc.record(
      {
        jsonrpc: fc.constantFrom('2.0', '1.0'),
        id: fc.oneof(fc.integer(), fc.string(), fc.double(), fc.constant(null)),
        method: fc.constantFrom('tools/list', 'initialize', 'ping'),
        params: fc.oneof(fc.record({ _meta: fc.oneof(someMeta, fc.jsonValue()) }), fc.jsonValue()),
      },
      { requiredKeys: [] },
    );
    const header = fc.option(fc.constantFrom(MODERN_VERSION, '2025-11-25', 'x'), { nil: undefined });
    fc.assert(
      fc.property(body, header, fc.constantFrom('tools/list', 'initialize', 'ping'), (message, version, method) => {
        const headers = { ...(version === undefined ? {} : { 'mcp-protocol-version': version }), 'mcp-method': method };
        if (read(message, headers).kind !== 'modern') return;
        const official = classifyInboundRequest({
          httpMethod: 'POST',
          body: message,
          mcpMethodHeader: method,
          ...(version === undefined ? {} : { protocolVersionHeader: version }),
        });
        expect(official.kind).toBe('modern');
      }),
      { numRuns: 500 },
    );
  });
});
