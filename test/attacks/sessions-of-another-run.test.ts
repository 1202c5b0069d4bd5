import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Intent } from '../../src/model/intent.ts';
import { counting, lawCatalog, lawTool, openLawWorld } from '../laws/law-world.ts';
import { openAttackDoor } from './attack-door.ts';

/**
 * A run is what the credentials of a request say, never what an MCP session was opened with: else an agent goes on, by a
 * session id it kept, in a run that has not read what its own run has read.
 */
const INITIALIZE = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } };
const CALL = { name: 'write', arguments: {} };

async function openDoor() {
  const effects: Intent[] = [];
  const law = await openLawWorld({
    catalog: lawCatalog({
      tools: [lawTool('write', {})],
      manifest: { version: 1, agents: { a: { tools: { 'law/write': { approval: 'never' } } } } },
    }),
    call: counting(effects),
  });
  const principal = { tenant: 'default', agent: 'a' };
  const start = () => law.world.runs.start({ principal, task: 'attack', prompt: [], attested: false });
  return { effects, law, door: openAttackDoor(law), start };
}

describe('a session opened in another run', () => {
  it('does not carry calls into that run', async () => {
    const { effects, door: opened, start } = await openDoor();
    await using door = opened;
    const [first, second] = [await start(), await start()];
    const { session } = await door.askLegacy(first.id, null, 'initialize', INITIALIZE);
    expect((await door.askLegacy(second.id, session, 'tools/call', CALL)).status).toBe(404);
    expect(effects).toEqual([]);
    await door.askLegacy(first.id, session, 'tools/call', CALL);
    expect(effects.map(({ call }) => call.runId)).toEqual([first.id]);
  });
});

describe('a client on standard streams', () => {
  it('goes on in the next run when its own has expired', async () => {
    const { effects, law, door: opened, start } = await openDoor();
    await using door = opened;
    const credentials = { runId: (await start()).id };
    const input = new PassThrough();
    const output = new PassThrough();
    const served = door.door.serveStdio({ input, output, credentials });
    const lines = createInterface({ input: output })[Symbol.asyncIterator]();
    const ask = async (method: string, params: object) => {
      input.write(`${JSON.stringify({ jsonrpc: '2.0', id: method, method, params })}\n`);
      await lines.next();
    };
    await ask('initialize', INITIALIZE);
    law.advance(9 * 3_600_000);
    credentials.runId = (await start()).id;
    await ask('tools/call', CALL);
    expect(effects.map(({ call }) => call.runId)).toEqual([credentials.runId]);
    input.end();
    await served;
  });
});
