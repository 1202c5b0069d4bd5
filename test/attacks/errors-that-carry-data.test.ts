import { describe, expect, it } from 'vitest';
import { call } from '../../src/runtime/call.ts';
import { lawCatalog, lawTool, openLawWorld } from '../laws/law-world.ts';

/**
 * A server's protocol error is handed on to clients of the same protocol. It is no way past what a result has to pass:
 * secrets are taken out, and where only listed fields may cross back, a message and data of the server's do not.
 */
const KEY = `-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n-----END PRIVATE KEY-----`;

async function failWith(declaration: object) {
  const { world } = await openLawWorld({
    catalog: lawCatalog({
      tools: [lawTool('read', {})],
      manifest: {
        version: 1,
        agents: { a: { tools: { 'law/*': {} } } },
        tools: { 'law/read': { effect: 'read', ...declaration } },
      },
    }),
    call: async () => ({
      ok: false,
      ran: 'unknown',
      code: 'E_UPSTREAM_FAILED',
      message: 'the server answered with the error code -32000',
      protocolError: { code: -32_000, message: `denied: ${KEY}`, data: { name: 'ann', salary: 90_000, key: KEY } },
    }),
  });
  const principal = { tenant: 'default', agent: 'a' };
  const run = await world.runs.start({ principal, task: 'attack', prompt: [], attested: false });
  const answer = await call(world, { principal, runId: run.id, tool: 'law/read', arguments: {} });
  if (answer.kind !== 'refused') throw new Error('it is refused');
  return answer.protocolError;
}

describe('an error that carries data', () => {
  it('carries no secret', async () => {
    const error = await failWith({});
    expect(error).toMatchObject({ code: -32_000, data: { name: 'ann', salary: 90_000 } });
    expect(JSON.stringify(error)).not.toContain('MC4CAQAw');
  });

  it('carries nothing where only listed fields may cross back', async () => {
    const error = await failWith({ fields: ['name'] });
    expect(error).toMatchObject({ code: -32_000 });
    expect(JSON.stringify(error)).not.toMatch(/salary|90000|denied/);
  });
});
