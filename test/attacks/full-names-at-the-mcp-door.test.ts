import { describe, expect, it } from 'vitest';
import type { Intent } from '../../src/model/intent.ts';
import { counting, lawCatalog, lawTool, openLawWorld } from '../laws/law-world.ts';
import { openAttackDoor } from './attack-door.ts';

/**
 * MCP clients know tools by their exposed names. The full name of a tool, `server/tool`, is none of them; a door that
 * walks the line with it all the same runs the tool and tells the client that there is none: an effect whose result
 * nobody gets, and that a retry doubles.
 */
describe('a full name at the MCP door', () => {
  it.each(['law/write', 'law/hidden'])('%s runs nothing, and is recorded as refused', async (name) => {
    const effects: Intent[] = [];
    const law = await openLawWorld({
      catalog: lawCatalog({
        tools: [lawTool('write', {}), lawTool('hidden', {})],
        manifest: { version: 1, mode: 'observe', agents: { a: { tools: { 'law/write': { approval: 'never' } } } } },
      }),
      call: counting(effects),
    });
    await using door = openAttackDoor(law);
    const principal = { tenant: 'default', agent: 'a' };
    const run = await law.world.runs.start({ principal, task: 'attack', prompt: [], attested: false });
    const answer = await door.ask(run.id, 'tools/call', { name, arguments: {} });
    expect(answer.error?.message).toMatch(/no such tool/);
    expect(effects).toEqual([]);
    const events = await law.truth.readEvents({ tenant: 'default', runId: run.id, limit: 10 });
    expect(events.map(({ kind, body }) => [kind, body['code']])).toEqual([
      ['run.started', undefined],
      ['call.refused', 'E_TOOL_UNKNOWN'],
    ]);
  });
});
